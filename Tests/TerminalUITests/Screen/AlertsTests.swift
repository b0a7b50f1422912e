import Testing

@testable import TerminalUI

@Suite struct AlertsTests {
    @Test("Nothing is notified unless it was asked for")
    func offByDefault() {
        var alerts = Alerts()
        alerts.said("alice: hey", by: "bob", isCall: true)
        alerts.called()
        let text = alerts.takeNotification(100)
        #expect(text == nil)
    }

    @Test(
        arguments: [
            (.mention, true, true), (.mention, false, false), (.message, false, true), (.never, true, false),
        ] as [(Alerts.Occasion, Bool, Bool)])
    func occasions(_ occasion: Alerts.Occasion, _ isCall: Bool, _ isDue: Bool) {
        var alerts = Alerts(bell: .never, notification: occasion)
        alerts.said("a secret", by: "bob", isCall: isCall)
        let text = alerts.takeNotification(100)
        #expect((text != nil) == isDue)
        // Neither who nor what.
        #expect(text?.contains("bob") != true && text?.contains("secret") != true)
        let again = alerts.takeNotification(200)
        #expect(again == nil)
    }

    @Test func textWhereItWasAskedFor() {
        var alerts = Alerts(notification: .message, tellsText: true)
        alerts.said("line\u{1B}[31m one\nline two", by: "bob", isCall: false)
        let text = alerts.takeNotification(100)
        #expect(text?.hasPrefix("bob: line") == true && text?.contains("\u{1B}") == false)
        alerts.said(String(repeating: "x", count: 500), by: "bob", isCall: false)
        let cut = alerts.takeNotification(103)
        #expect(cut?.count == Alerts.maximumTextCount)
        // What is no message has no words of anybody.
        alerts.called()
        let call = alerts.takeNotification(106)
        #expect(call == "you are wanted in a room")
    }

    @Test func aFloodIsOneInSomeSeconds() {
        var alerts = Alerts(notification: .message)
        var count = 0
        for second in 100..<109 as Range<Int64> {
            for _ in 0..<40 {
                alerts.said("x", by: "bob", isCall: false)
                if alerts.takeNotification(second) != nil { count += 1 }
            }
        }
        #expect(count == 3)
    }

    @Test(
        arguments: [
            (.osc9, false, "\u{1B}]9;TermTalk: a, b\u{7}"), (.osc777, false, "\u{1B}]777;notify;TermTalk;a, b\u{7}"),
            (.osc99, false, "\u{1B}]99;i=termtalk:d=0;TermTalk\u{1B}\\\u{1B}]99;i=termtalk:p=body;a, b\u{1B}\\"),
            (.osc9, true, "\u{1B}Ptmux;\u{1B}\u{1B}]9;TermTalk: a, b\u{7}\u{1B}\\"),
        ] as [(DesktopNotification.Form, Bool, String)])
    func sequences(_ form: DesktopNotification.Form, _ isInTmux: Bool, _ sequence: String) {
        #expect(DesktopNotification.sequence(for: "a; b", as: form, isInTmux: isInTmux) == sequence)
        // No text ends the sequence early.
        let hostile = DesktopNotification.sequence(for: "x\u{7}\u{1B}\\y\u{9C}z", as: form, isInTmux: isInTmux)
        #expect(hostile.count { $0 == "\u{7}" } == sequence.count { $0 == "\u{7}" })
        #expect(hostile.count { $0 == "\u{1B}" } == sequence.count { $0 == "\u{1B}" } && !hostile.contains("\u{9C}"))
    }
}
