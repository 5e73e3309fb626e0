import Formula
import Foundation
import Kernel

/// docs/formulas.md as a test reads it: the company of its examples, the formulas, and the histories with what comes of them.
struct FormulaGuide {
    struct Happening {
        var who: String
        var at: Instant
        var name: String
        var channel: String
        var properties: JSON
    }
    struct Result {
        var who: String
        var at: Instant
        var formula: String
        /// As it stands there: `3`, `yes`, `unknown`, `90 hours`, a time, or a text.
        var value: String
    }
    /// A history, and what is asked about it.
    struct Example {
        var history: [Happening] = []
        var results: [Result] = []
    }
    enum Flaw: Error { case table(String) }

    private(set) var names = FormulaNames()
    private(set) var library = FormulaLibrary()
    private(set) var formulas: [String] = []
    private(set) var examples: [Example] = []

    static func text() throws -> String {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        return try String(contentsOf: root.appending(path: "docs/formulas.md"), encoding: .utf8)
    }

    init() throws {
        let text = try Self.text()
        formulas = text.components(separatedBy: "```formula\n").dropFirst().compactMap { $0.components(separatedBy: "\n```").first }
        names.channels = ["web", "app", "email", "store", "phone"]
        names.identifierKinds = ["email", "user_id"]
        names.events["Customer Identified"] = [:]
        examples = [Example()]
        for (table, isOfFirst) in Self.tables(text) {
            switch table[0] {
            case ["interaction", "property", "kind"]:
                for row in table.dropFirst() {
                    names.events[row[0], default: [:]][row[1]] = row[1].isEmpty ? nil : ValueType(rawValue: row[2])
                }
            case ["trait", "kind"]: for row in table.dropFirst() { names.traits[row[0]] = .some(ValueType(rawValue: row[1])) }
            case ["definition", "formula"]: try define(table.dropFirst())
            case let head where head.contains("when") && head.contains("what"):
                examples.append(Example(history: try table.dropFirst().map { try Self.happening(head, $0) }))
            case let head where head.suffix(3) == ["at", "formula", "is"]:
                let results = try table.dropFirst().map { try Self.result(head, $0) }
                // The history that is meant is the one above, but where a mark says otherwise.
                examples[isOfFirst ? 1 : examples.count - 1].results += results
            default: break
            }
        }
    }

    private mutating func define(_ rows: ArraySlice<[String]>) throws {
        for row in rows {
            let words = row[0].split(separator: " ", maxSplits: 1).map(String.init)
            let tree = row[1].isEmpty ? nil : try Parser.parse(row[1])
            switch (words[0], tree) {
            case ("metric", let tree?): library.metrics[words[1]] = .formula(tree)
            case ("audience", let tree?): library.audiences[words[1]] = .init(who: tree)
            case ("stage", let tree): library.stages.append(.init(name: words[1], entry: tree))
            default: throw Flaw.table(row[0])
            }
        }
    }

    /// The rows of each table, its head first, and whether it is about the first history; cells without the marks of code.
    private static func tables(_ text: String) -> [(rows: [[String]], isOfFirst: Bool)] {
        var all: [(rows: [[String]], isOfFirst: Bool)] = []
        var isInside = false
        var isOfFirst = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            guard line.hasPrefix("|") else {
                isInside = false
                isOfFirst = line == "<!-- the first history -->"
                continue
            }
            let cells = line.dropFirst().dropLast().split(separator: "|", omittingEmptySubsequences: false).map {
                let cell = $0.trimmingCharacters(in: .whitespaces)
                return cell.count > 1 && cell.hasPrefix("`") && cell.hasSuffix("`") && !cell.dropFirst().dropLast().contains("`")
                    ? String(cell.dropFirst().dropLast()) : cell
            }
            if cells.allSatisfy({ $0.allSatisfy { $0 == "-" } && !$0.isEmpty }) { continue }
            if isInside { all[all.count - 1].rows.append(cells) } else { all.append(([cells], isOfFirst)) }
            isInside = true
        }
        return all
    }

    static func moment(_ text: String) throws -> Instant {
        guard let moment = Instant(text) ?? Instant(text + ":00"), text.count > 10 else { throw Flaw.table(text) }
        return moment
    }

    private static func happening(_ head: [String], _ row: [String]) throws -> Happening {
        func cell(_ name: String) -> String? { head.firstIndex(of: name).map { row[$0] } }
        let properties = try cell("properties").map { try JSONSerialization.jsonObject(with: Data($0.utf8)) }
        return Happening(
            who: cell("who") ?? "", at: try moment(cell("when") ?? ""), name: cell("what") ?? "", channel: cell("by") ?? "web",
            properties: properties.map(json) ?? .object([]))
    }

    private static func result(_ head: [String], _ row: [String]) throws -> Result {
        Result(
            who: head.count > 3 ? row[0] : "", at: try moment(row[row.count - 3]), formula: row[row.count - 2], value: row[row.count - 1])
    }

    private static func json(_ value: Any) -> JSON {
        switch value {
        case let object as [String: Any]: .object(object.sorted { $0.key < $1.key }.map { .init($0.key, json($0.value)) })
        case let list as [Any]: .array(list.map(json))
        case let text as String: .string(text)
        // A flag is a number too for Foundation: its type tells.
        case let number as NSNumber: number.objCType.pointee == 99 ? .bool(number.boolValue) : .number(number.doubleValue)
        default: .null
        }
    }
}
