/// One JSON object of texts and numbers, for the commands that print lists.
package enum JSONRecord {
    /// The object on one line, without a newline. Text from elsewhere is to be sanitized before.
    package static func line(
        _ fields: [(name: StaticString, value: String?)], numbers: [(name: StaticString, value: Int)] = []
    ) -> String {
        var writer = JSONLineWriter(appendingTo: [])
        writer.beginObject()
        for field in fields {
            if let value = field.value { writer.field(field.name, value) } else { writer.nullField(field.name) }
        }
        for number in numbers { writer.field(number.name, number.value) }
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
