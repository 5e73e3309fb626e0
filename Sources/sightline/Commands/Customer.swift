import ArgumentParser
import Kernel

struct CustomerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "customer", abstract: "Shows a customer, or finds some.",
        discussion: "Example: sightline customer show email:ann@example.com --data ./my-data", subcommands: [Show.self, Search.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows who a customer is, why that is one person, and what passed between you, newest first.",
            discussion: "Example: sightline customer show email:ann@example.com --data ./my-data")
        @Argument(help: ArgumentHelp("An id (cus_…), or an identifier as kind:value.", valueName: "REF")) var reference: String
        @Option(help: ArgumentHelp("How many interactions to show.", valueName: "COUNT")) var interactions = 25
        @Flag(help: "Print JSON, for scripts.") var json = false
        @OptionGroup var folder: DataOptions

        func validate() throws {
            guard (0...1000).contains(interactions) else { throw ValidationError("--interactions takes a whole number from 0 to 1000.") }
        }

        func run() async throws {
            try await withFolder(folder) { client, terminal in
                let path = "/api/customers/" + APIRequest.encoded(reference)
                let customer = try await client.json(APIRequest("GET", path))
                var history: [JSON] = []
                var cursor: String?
                while history.count < interactions {
                    let query = [("limit", String(min(interactions - history.count, 100)))] + (cursor.map { [("after", $0)] } ?? [])
                    let page = try await client.json(APIRequest("GET", path + "/interactions", query: query))
                    history += try page.list("items")
                    cursor = page["next"]?.string
                    if cursor == nil { break }
                }
                if json {
                    let shown: JSON = ["customer": customer, "interactions": .array(history)]
                    return try terminal.print(shown.text)
                }
                let page = CustomerPage(customer: customer, history: history, more: cursor != nil)
                for line in try page.lines(width: terminal.out.columns, style: Style(on: terminal.out.colours)) { try terminal.print(line) }
            }
        }
    }

    struct Search: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Finds customers by any identifier, name or order number, as one types.",
            discussion: "Example: sightline customer search 'ann ex' --data ./my-data")
        @Argument(help: ArgumentHelp("What to look for: a beginning is enough.", valueName: "TEXT")) var text: [String]
        @Flag(help: "Print JSON, for scripts.") var json = false
        @OptionGroup var folder: DataOptions

        func run() async throws {
            try await withFolder(folder) { client, terminal in
                let found = try await client.json(APIRequest("GET", "/api/customers", query: [("search", text.joined(separator: " "))]))
                if json { return try terminal.print(found.text) }
                var table = Table([.init(title: "id"), .init(title: "name", shrinks: true), .init(title: "found by"), .init(title: "last seen")])
                for item in try found.list("items") {
                    let by = [item["matched"]?.string, item["value"]?.string].compactMap(\.self).joined(separator: " ")
                    table.add([try item.text("id"), item["name"]?.string ?? "", by, item["lastSeen"]?.string.map(Moment.minute) ?? ""])
                }
                try terminal.show(table, none: "Nobody was found.")
            }
        }
    }
}

/// A customer as the terminal shows them: the same as the page.
struct CustomerPage {
    let customer: JSON
    let history: [JSON]
    /// Whether there are older interactions than these.
    let more: Bool

    func lines(width: Int, style: Style) throws -> [String] {
        var lines = try heading(style)
        lines += section("Identifiers", try identifiers(width), style)
        lines += section("Why this is one person", merges(width), style)
        lines += section("What we were told", traits(width), style)
        lines += section("Channels", counts("channels"), style)
        lines += section("Interactions by name", counts("names"), style)
        lines += section(more ? "Newest interactions" : "Interactions", try interactions(width, style), style)
        return lines
    }

    private func heading(_ style: Style) throws -> [String] {
        let id = try customer.text("id")
        let name = customer["name"]?.string.map(Text.clean)
        var lines = [name.map { style.bold($0) + "  " + style.faint(id) } ?? style.bold(id)]
        let total = customer["interactions"]?.integer ?? 0
        var facts = [Text.count(total, "interaction")]
        if let first = customer["firstSeen"]?.string { facts.append("first seen " + Moment.minute(first)) }
        if let last = customer["lastSeen"]?.string { facts.append("last seen " + Moment.minute(last)) }
        lines.append(facts.joined(separator: " · "))
        let others = (customer["ids"]?.array ?? []).compactMap(\.string).filter { $0 != id }
        if !others.isEmpty { lines.append(style.faint("also " + others.joined(separator: ", "))) }
        return lines
    }

    private func section(_ title: String, _ content: [String], _ style: Style) -> [String] {
        content.isEmpty ? [] : ["", style.accent(title)] + content.map { "  " + $0 }
    }

    private func identifiers(_ width: Int) throws -> [String] {
        let rows = try (customer["identifiers"]?.array ?? []).map { item -> [String] in
            var marks: [String] = []
            if item["shared"]?.bool == true { marks.append("shared by many, joins nobody") }
            if item["former"]?.bool == true { marks.append("former") }
            if item["unique"]?.bool == false { marks.append("only found by") }
            if let since = item["firstSeen"]?.string { marks.append("since " + Moment.day(since)) }
            return [try item.text("kind"), try item.text("value"), marks.joined(separator: ", ")]
        }
        return aligned(rows, width - 2, shrinking: 1)
    }

    private func merges(_ width: Int) -> [String] {
        (customer["merges"]?.array ?? []).flatMap { merge -> [String] in
            let undone = merge["undoneAt"]?.string.map { " (undone \(Moment.day($0)) by \(merge["undoneBy"]?.string ?? "somebody"))" } ?? ""
            let ids = [merge["kept"]?.string, merge["absorbed"]?.string].compactMap(\.self).joined(separator: " + ")
            return Text.wrapped(Text.clean("\(ids): \(merge["sentence"]?.string ?? "")\(undone)"), to: width - 2)
        }
    }

    private func traits(_ width: Int) -> [String] {
        let rows = (customer["traits"]?.array ?? []).map { trait -> [String] in
            let by = trait["source"]?.string.map { " by " + $0 } ?? ""
            let at = trait["at"]?.string.map { "set " + Moment.day($0) + by } ?? ""
            return [trait["key"]?.string ?? "", Self.plain(trait["value"] ?? .null), at]
        }
        return aligned(rows, width - 2, shrinking: 1)
    }

    private func counts(_ key: String) -> [String] {
        let rows = (customer[key]?.array ?? []).map { item -> [String] in
            [item["name"]?.string ?? "", Text.count(item["count"]?.integer ?? 0), item["last"]?.string.map { "last " + Moment.day($0) } ?? ""]
        }
        return aligned(rows, 98, right: 1)
    }

    private func interactions(_ width: Int, _ style: Style) throws -> [String] {
        var lines: [String] = []
        var day = ""
        for item in history {
            let at = try item.text("at")
            if Moment.day(at) != day {
                day = Moment.day(at)
                if !lines.isEmpty { lines.append("") }
                lines.append(style.bold(Moment.longDay(at)))
            }
            let way =
                switch item["direction"]?.string {
                case "in": "→ in "
                case "out": "← out"
                default: "     "
                }
            let head = "\(Moment.clock(at))  \(Text.padded(Text.clean(item["channel"]?.string ?? ""), to: 7))  \(way)  "
            let name = Text.clean(item["name"]?.string ?? "")
            let details = Self.details(item["properties"])
            let room = width - 2 - Text.width(head) - Text.width(name) - 2
            lines.append(head + name + (room >= 12 && !details.isEmpty ? "  " + style.faint(Text.cut(details, to: room)) : ""))
        }
        if more { lines += ["", style.faint("There are more: --interactions shows up to 1000.")] }
        return lines
    }

    /// `order_id A-1 · total 42.5`
    static func details(_ properties: JSON?) -> String {
        (properties?.members ?? []).filter { !$0.value.isNull }.map { Text.clean("\($0.key) \(plain($0.value))") }.joined(separator: " · ")
    }

    static func plain(_ value: JSON) -> String { value.string ?? value.text }

    private func aligned(_ rows: [[String]], _ width: Int, shrinking: Int? = nil, right: Int? = nil) -> [String] {
        guard let first = rows.first else { return [] }
        var table = Table(first.indices.map { .init(title: "", right: $0 == right, shrinks: $0 == shrinking) })
        for row in rows { table.add(row) }
        return Array(table.lines(width: width, style: Style(on: false)).dropFirst())
    }
}
