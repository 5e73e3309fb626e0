import Foundation
import Statistics

/// The CDNOW sample of Fader and Hardie: 2,357 customers who first bought in the first quarter of 1997, watched for 39 weeks.
///
/// It is not ours and so not in this repository: the Python package `lifetimes`, which `make test` installs among the test
/// tools (Tests/EndToEnd/data.txt), carries it.
enum CDNOW {
    static let missing = "the CDNOW sample comes with the test tools, which `make test-e2e` installs"

    private static let folder: URL? = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let library = root.appendingPathComponent(".venv/lib")
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: library.path)) ?? []
        return versions.filter { $0.hasPrefix("python3") }.sorted()
            .map { library.appendingPathComponent("\($0)/site-packages/lifetimes/datasets") }
            .first { FileManager.default.fileExists(atPath: $0.appendingPathComponent("cdnow_customers_summary.csv").path) }
    }()

    static var isThere: Bool { folder != nil }

    /// The cells of a file, without its head.
    private static func rows(_ name: String) throws -> [[Substring]] {
        guard let folder else { return [] }
        let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
        return text.split(whereSeparator: \.isNewline).dropFirst().map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    }

    /// In weeks.
    static func histories() throws -> [PurchaseHistory] {
        try rows("cdnow_customers_summary.csv").compactMap { cells in
            guard let x = Int(cells[1]), let last = Double(cells[2]), let age = Double(cells[3]) else { return nil }
            return try PurchaseHistory(repeats: x, last: last, age: age)
        }
    }

    /// Of those who bought again, in dollars.
    static func spendings() throws -> [Spending] {
        try rows("cdnow_customers_summary_with_transactions.csv").compactMap { cells in
            guard let x = Int(cells[1]), let mean = Double(cells[4]), x > 0, mean > 0 else { return nil }
            return try Spending(purchases: x, mean: mean)
        }
    }
}

/// Whether two numbers agree to this share of the second.
func near(_ a: Double, _ b: Double, _ share: Double) -> Bool { abs(a - b) <= share * abs(b) }
