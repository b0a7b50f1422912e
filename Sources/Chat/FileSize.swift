/// Numbers of bytes for people: `999 B`, `12.3 KB`, `100 MB`, in units of 1,024.
package enum FileSize {
    package static func text(_ bytes: UInt64) -> String {
        let units = ["B", "KB", "MB", "GB", "TB"]
        guard bytes >= 1_024 else { return "\(bytes) B" }
        var tenths = bytes.multipliedReportingOverflow(by: 10).overflow ? .max : bytes * 10
        var unit = 0
        while tenths >= 10_240, unit < units.count - 1 {
            tenths /= 1_024
            unit += 1
        }
        return tenths < 1_000 && tenths % 10 != 0
            ? "\(tenths / 10).\(tenths % 10) \(units[unit])" : "\(tenths / 10) \(units[unit])"
    }
}
