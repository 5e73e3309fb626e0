// What mends a formula in the place that is wrong, for a button and for programs.
extension FormulaProblem {
    /// What mends a problem that suggests a word: that word where it fits, tried until the formula reads past the place.
    /// - Parameter check: What is wrong first with another text in the place of this one.
    /// - Returns: What belongs in the place of ``span``; nil when nobody can know.
    package func replacement(in text: String, _ check: (String) -> FormulaProblem?) -> String? {
        guard let word = suggested else { return nil }
        let scalars = Array(text.unicodeScalars)
        guard span.from < span.to, span.to <= scalars.count else { return nil }
        let written = String(String.UnicodeScalarView(scalars[span.from..<span.to]))
        var candidates = [word]
        // `consent.emial`: one part of the name is meant.
        let parts = written.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if parts.count > 1 {
            for i in parts.indices.dropFirst() { candidates.append((parts[..<i] + [word] + parts[(i + 1)...]).joined(separator: ".")) }
        }
        // `in audience best_custmers`: its last word is meant.
        if let space = written.lastIndex(of: " ") { candidates.append(written[...space] + word) }
        if !word.hasPrefix("\"") { candidates.append(FormulaText.quoted(word)) }
        return candidates.first { candidate in
            guard let next = check(span.replaced(in: scalars, by: candidate)) else { return true }
            return next.span.from >= span.from + candidate.unicodeScalars.count
        }
    }

    /// `"Order Completed"` of `did you mean "Order Completed"?`, with its quotation marks.
    private var suggested: String? {
        guard mend.hasPrefix("did you mean "), mend.hasSuffix("?") else { return nil }
        return String(mend.dropFirst("did you mean ".count).dropLast())
    }
}

extension Span {
    /// A text with another one in the place of this part of it.
    package func replaced(in scalars: [Unicode.Scalar], by new: String) -> String {
        var out = String.UnicodeScalarView()
        out.append(contentsOf: scalars[..<max(0, min(from, scalars.count))])
        out.append(contentsOf: new.unicodeScalars)
        out.append(contentsOf: scalars[max(0, min(to, scalars.count))...])
        return String(out)
    }
}
