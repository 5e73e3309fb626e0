import Collect

/// Shows how far an import is: a bar that is drawn again on a terminal, a line now and then elsewhere.
final class ImportDisplay {
    private let stream: Terminal.Stream
    private let began = ContinuousClock.now
    private var drawn: ContinuousClock.Instant?
    /// How often something is shown.
    private var interval: Duration { stream.isTerminal ? .milliseconds(100) : .seconds(5) }

    init(_ stream: Terminal.Stream) { self.stream = stream }

    func show(_ progress: ImportProgress, _ summary: ImportRun.Summary) {
        let now = ContinuousClock.now
        guard now - (drawn ?? began) >= interval else { return }
        drawn = now
        let text = Self.line(progress, summary, after: now - began, columns: stream.isTerminal ? stream.columns - 1 : 100, bar: stream.isTerminal)
        try? stream.write(stream.isTerminal ? "\r\u{1B}[K" + text : text + "\n")
    }

    /// Takes the bar away.
    func end() { if stream.isTerminal, drawn != nil { try? stream.write("\r\u{1B}[K") } }

    /// `[######······]  52%  1,234,567 rows  48,000 rows/s  23 s left  3 refused`
    static func line(_ progress: ImportProgress, _ summary: ImportRun.Summary, after time: Duration, columns: Int, bar: Bool) -> String {
        let seconds = max(0.001, Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18)
        let share = progress.bytesTotal > 0 ? min(1, Double(progress.bytes) / Double(progress.bytesTotal)) : 0
        var parts = ["\(Int(share * 100))%", Text.count(progress.rows, "row"), "\(Text.count(Int(Double(progress.rows) / seconds))) rows/s"]
        if share > 0.005, share < 1 { parts.append(left(Int(seconds / share - seconds + 0.5))) }
        if summary.refused > 0 { parts.append("\(Text.count(summary.refused)) refused") }
        let text = parts.joined(separator: "  ")
        let room = min(30, columns - Text.width(text) - 4)
        guard bar, room >= 8 else { return Text.cut(text, to: columns) }
        let full = Int(share * Double(room))
        return "[" + String(repeating: "#", count: full) + String(repeating: "·", count: room - full) + "]  " + text
    }

    private static func left(_ seconds: Int) -> String {
        seconds < 60
            ? "\(seconds) s left"
            : seconds < 3600 ? "\(seconds / 60) min \(seconds % 60) s left" : "\(seconds / 3600) h \(seconds / 60 % 60) min left"
    }
}
