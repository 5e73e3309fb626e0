/// Where something stands in a document.
package struct Place: Hashable, Comparable, Sendable {
    /// The file, as a path below the blueprint's folder: `identity.yaml`, `metrics/value.yaml`.
    package var file: String
    /// From 1.
    package var line: Int
    /// From 1, counted in Unicode scalars.
    package var column: Int

    package init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    package static func < (a: Place, b: Place) -> Bool { (a.file, a.line, a.column) < (b.file, b.line, b.column) }
}

/// Something in a document that must be mended before it can be put in force.
package struct Finding: Hashable, Sendable, CustomStringConvertible {
    package var place: Place
    /// What it is about, from the kind down: `identity.kinds.email.limit`. Empty for a whole file.
    package var path: String
    /// What is wrong: "expected a list of text, found a mapping".
    package var what: String
    /// What to do: "write [traits.email]".
    package var mend: String

    package init(place: Place, path: String, what: String, mend: String) {
        self.place = place
        self.path = path
        self.what = what
        self.mend = mend
    }

    /// One line for a terminal, in the form that editors can jump to.
    package var description: String {
        "\(place.file):\(place.line):\(place.column): \(path.isEmpty ? "" : "\(path): ")\(what); \(mend)"
    }
}

/// Gathers what is wrong while documents are read, so that a person sees all of it at once and not one thing a try.
package final class Findings {
    /// The most that are kept: a file that is something else altogether would give thousands.
    package static let most = 1_000
    private var found: Set<Finding> = []

    package init() {}

    package func add(_ finding: Finding) {
        if found.count < Self.most { found.insert(finding) }
    }

    /// Each thing once, by file, line and column.
    package var all: [Finding] { found.sorted { ($0.place, $0.what) < ($1.place, $1.what) } }
    package var isEmpty: Bool { found.isEmpty }
}
