import Audiences
import Formula
import Kernel
import Rendering

/// One field of an editor that takes a formula: what it is called, what was typed, and what is wrong with it.
struct FormulaField: Sendable {
    /// `who`
    var name: String
    var label: String
    var hint: String
    var text: String
    var kind: FormulaDesk.Kind
    /// Whether it may be left empty.
    var isOptional = false
    /// Lines that it has room for at first.
    var rows = 4
    /// What is said while it is empty: what to write, or what that means.
    var whenEmpty = "Write a formula: how it is worked out."
    /// What it is called where several have the same label.
    var calls: String?
    /// Nil while the definitions are being put to work, and for a field that is empty.
    var reading: FormulaDesk.Reading?

    var fullName: String { calls ?? label }
    var isEmpty: Bool { text.trimmed.isEmpty }
    var isWrong: Bool { !(reading?.faults.isEmpty ?? true) }

    /// As it came: browsers send line breaks as CR LF, and whatever stands behind the last word means nothing.
    static func text(_ form: Parameters, _ name: String) -> String {
        var text = form.raw(name).replacing("\r\n", with: "\n")
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }

    mutating func read(_ desk: FormulaDesk, _ words: FormulaDesk.Words?, of circle: String?) {
        guard let words, !isEmpty else { return }
        reading = desk.read(text, as: kind, words, of: circle)
    }

    /// - Parameter isFresh: Nothing was asked yet, so that an empty field is no mistake.
    func fields(_ titles: FormulaTitles, isFresh: Bool = false) -> Fields {
        var fields: Fields = [
            "name": name, "label": label, "hint": hint, "text": text, "as": kind.rawValue, "rows": rows, "isOptional": isOptional,
            "isWrong": isWrong || (isEmpty && !isOptional && !isFresh), "parts": parts,
        ]
        if let fault = reading?.faults.first {
            fields["fault"] = faultFields(fault)
        } else if isEmpty, !isOptional, !isFresh {
            fields["missing"] = whenEmpty
        } else if let tree = reading?.tree {
            fields["says"] = Explainer.explain(tree, titles: titles)
        } else {
            fields["quiet"] =
                isEmpty ? (isOptional ? whenEmpty : "Nothing is written yet.") : "It is looked at when the definitions are at work."
        }
        return fields
    }

    private func faultFields(_ fault: FormulaReport.Flaw) -> Fields {
        let scalars = Array(text.unicodeScalars)
        func part(_ from: Int, _ to: Int) -> String {
            String(String.UnicodeScalarView(scalars[max(0, min(from, scalars.count))..<max(0, min(max(from, to), scalars.count))]))
        }
        let span = fault.problem.span
        let start = scalars[..<min(span.from, scalars.count)].lastIndex(of: "\n").map { $0 + 1 } ?? 0
        let end = scalars[min(span.from, scalars.count)...].firstIndex(of: "\n") ?? scalars.count
        let hasLine = end > start && end - start <= 400
        return [
            "place": "Line \(fault.line), column \(fault.column)", "what": fault.problem.what,
            "mend": fault.problem.mend.prefix(1).uppercased() + fault.problem.mend.dropFirst(),
            "before": hasLine ? part(start, span.from) : nil, "at": hasLine ? part(span.from, min(span.to, end)) : nil,
            "after": hasLine ? part(min(span.to, end), end) : nil, "hasLine": hasLine,
            "use": fault.replacement, "from": span.from, "to": span.to, "field": name,
        ]
    }

    /// The text with its colours, piece by piece.
    private var parts: [Fields] {
        let scalars = Array(text.unicodeScalars)
        let wrong = reading?.faults.first?.problem.span
        var parts: [Fields] = []
        var at = 0
        func add(_ to: Int, _ kind: FormulaEditor.Kind?) {
            guard to > at else { return }
            let isWrong = wrong.map { $0.from < to && at < $0.to } ?? false
            let style = [kind.map { "f-\($0.rawValue)" }, isWrong ? "f-fault" : nil].compactMap { $0 }.joined(separator: " ")
            parts.append(["text": String(String.UnicodeScalarView(scalars[at..<to])), "style": style.isEmpty ? "f-plain" : style])
            at = to
        }
        for highlight in FormulaEditor.highlight(text) {
            add(min(highlight.span.from, scalars.count), nil)
            add(min(highlight.span.to, scalars.count), highlight.kind)
        }
        add(scalars.count, nil)
        return parts
    }

    /// The text after a button that mends it was pressed: `who:12:25:consent.email`; nil when the button is of another field.
    func mended(_ asked: String) -> String? {
        let parts = asked.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, parts[0] == name, let from = Int(parts[1]), let to = Int(parts[2]), 0 <= from, from <= to else { return nil }
        let scalars = Array(text.unicodeScalars)
        guard to <= scalars.count else { return nil }
        return Span(from: from, to: to).replaced(in: scalars, by: parts[3])
    }
}
