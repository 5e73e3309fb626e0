import Definitions
import Kernel
import Pipeline
import Rendering

/// Two edited the same document at once, and the other one was quicker.
struct Overtaken: Sendable {
    var document: String
    /// Who put the newest version in force.
    var by: String
    var version: Int
    /// The version that was edited here.
    var basis: Int
}

extension Console {
    /// What the other changed, what saving on top of it would change back, and the ways on. Nothing that was typed is lost meanwhile.
    /// - Parameters:
    ///   - yours: The document as it would be saved.
    ///   - theirs: Where what is in force can be edited.
    ///   - written: Writes a text in the way that `yours` is written, so that only what it says is compared; nil for one that does not read.
    func overtakenFields(
        _ overtaken: Overtaken, yours: String, theirs: String, _ visit: Visit, written: (String) -> String? = { _ in nil }
    ) throws -> Fields {
        let book = services.definitions
        let newest = try book.version(overtaken.version, of: overtaken.document)
        let before = overtaken.basis > 0 ? try? book.version(overtaken.basis, of: overtaken.document) : nil
        let document = "/settings/definitions/" + Parameters.encoded(overtaken.document)
        let normal = newest.text.flatMap(written)
        var (was, now) = (before?.text, newest.text)
        // Somebody may have changed no more than a comment: then that is what there is to show.
        if let normal, let normalBefore = was.flatMap(written), normal != normalBefore { (was, now) = (normalBefore, normal) }
        return [
            "by": overtaken.by, "version": overtaken.version, "when": visit.formats.ago(newest.at), "stamp": newest.at.rfc3339,
            "whole": visit.formats.whole(newest.at),
            "href": document + "/versions/\(overtaken.version)", "take": newest.text == nil ? document : theirs,
            "isRemoval": newest.text == nil,
            "theirs": ["lines": Self.differences(from: was, to: now), "differs": "What they changed"] as Fields,
            "hasYours": (normal ?? newest.text) != yours,
            "yours": ["lines": Self.differences(from: normal ?? newest.text, to: yours), "differs": "What yours would change"] as Fields,
        ]
    }

    /// What differs, with a mark and a word beside the colour; a gap where lines that are the same are left out.
    static func differences(from old: String?, to new: String?) -> [Fields] {
        LineDifference(from: old ?? "", to: new ?? "").excerpt().map { line -> Fields in
            guard let line else { return ["class": "is-gap", "text": "…"] }
            // A line without a text is a line all the same.
            let text = line.text.isEmpty ? " " : line.text
            return switch line.mark {
            case .added: ["class": "is-added", "mark": "+", "word": "added:", "text": text]
            case .removed: ["class": "is-removed", "mark": "−", "word": "removed:", "text": text]
            case .same: ["mark": " ", "text": text]
            }
        }
    }
}
