import Foundation

/// Real data for tests. It lies beside the project, not in it: `SIGHTLINE_TEST_DATA`, or `../shared/data`.
enum TestData {
    static let folder: String = {
        if let named = ProcessInfo.processInfo.environment["SIGHTLINE_TEST_DATA"] { return named }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return root.appending(path: "../shared/data").standardized.path
    }()

    /// Why the tests on a folder are left out, or nil when it is there.
    static func missing(_ name: String) -> String? {
        FileManager.default.fileExists(atPath: "\(folder)/\(name)")
            ? nil : "no folder \(folder)/\(name): set SIGHTLINE_TEST_DATA to where the data lies"
    }

    /// A person of febrl-1: the traits by name, and who it truly is (`rec-N-org` and `rec-N-dup-M` are one).
    struct Person {
        let traits: [String: String]
        let truth: String
    }

    /// The rows of febrl-1: comma-separated, spaces around values, no quotation marks.
    static func febrl() throws -> [Person] {
        let text = try String(contentsOfFile: "\(folder)/febrl-1/dataset1.csv", encoding: .utf8)
        let rows = text.split(whereSeparator: \.isNewline).map { line in
            line.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) }
        }
        guard let header = rows.first else { return [] }
        return rows.dropFirst().map { row in
            let traits = Dictionary(zip(header, row)) { $1 }
            return Person(traits: traits, truth: String((traits["rec_id"] ?? "").split(separator: "-").dropFirst().first ?? ""))
        }
    }

    /// Every pair of two different numbers below `count`, as a set of those that are joined by `groups`.
    static func pairs<K: Hashable>(_ groups: [K: [Int]]) -> Set<Pair> {
        var pairs: Set<Pair> = []
        for members in groups.values {
            for (i, a) in members.enumerated() { for b in members[(i + 1)...] { pairs.insert(Pair(min(a, b), max(a, b))) } }
        }
        return pairs
    }

    struct Pair: Hashable {
        let a: Int
        let b: Int
        init(_ a: Int, _ b: Int) {
            self.a = a
            self.b = b
        }
    }
}
