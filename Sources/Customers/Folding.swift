import Foundation

/// Text as it is searched: without case, accents and width (Foundation's folding, after Unicode TR 30).
enum Folding {
    static func fold(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 128 }) { return text.lowercased() }
        return text.folding(options: [.caseInsensitive, .diacriticInsensitive, .widthInsensitive], locale: nil)
    }

    /// The words of a text, folded: runs of letters and digits, an apostrophe inside a name kept out.
    static func words(_ text: String) -> [String] {
        fold(text).split { !($0.isLetter || $0.isNumber || $0 == "'" || $0 == "’") }
            .map { $0.filter { $0 != "'" && $0 != "’" } }.filter { !$0.isEmpty }
    }

    /// The first text that does not start with the prefix, so that a range finds all that do.
    static func end(ofPrefix prefix: String) -> String { prefix + "\u{10FFFF}" }
}
