import ArgumentParser
import Audiences
import Definitions
import Formula
import Foundation
import Kernel

struct FormulaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "formula", abstract: "Checks a formula, says what it means, or works it out for a customer.",
        discussion: "The language is described in docs/formulas.md.\n\nExample: sightline formula check ./blueprint 'did(\"Order Completed\" today)'",
        subcommands: [Check.self, Explain.self, Eval.self])

    /// What a formula is for, as `--as` has it.
    enum Use: String, CaseIterable, ExpressibleByArgument {
        case condition, value
        var use: FormulaReport.Use { self == .condition ? .condition : .value }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Says what is wrong in a formula, with the place and how to mend it, or what it means. Needs no data folder.",
            discussion: """
                Metrics, audiences, stages, channels and interactions are those of the blueprint in DIR. Without it, names of metrics, audiences \
                and stages are unknown, and interactions may have any name. Traits are always taken as they are. What a data folder knows besides \
                is asked by `sightline formula explain`.

                Exit codes: 0 it reads, 1 it does not.

                Example: sightline formula check ./blueprint 'count("Order Completed" in last 90 days) >= 3'
                """)
        @Argument(help: ArgumentHelp("The blueprint's folder, which may be left out, and the formula.", valueName: "[DIR] FORMULA"))
        var words: [String] = []
        @Option(help: ArgumentHelp("A file with the formula, instead of FORMULA; - is standard input.", valueName: "FILE")) var file: String?
        @Option(name: .customLong("as"), help: ArgumentHelp("What it is for: condition, which is yes or no, or value.", valueName: "USE"))
        var use = Use.value
        @Flag(help: "Print JSON, for scripts.") var json = false

        func validate() throws {
            guard words.count <= (file == nil ? 2 : 1) else {
                throw ValidationError(
                    "Name at most the blueprint's folder and one formula, in quotation marks of the shell: 'did(\"Order Completed\")'.")
            }
            if file == nil, words.isEmpty { throw ValidationError("Write the formula, or name a file with --file.") }
        }

        func run() throws {
            let terminal = Environment.current.terminal
            let source = file == nil ? (words.count == 2 ? words[0] : nil) : words.first
            let text = try FormulaCommand.text(file == nil ? words.last : nil, file)
            let company = try company(source, terminal)
            let titles = FormulaTitles(
                metrics: Dictionary(company.metrics.map { ($0.key, $0.definition.name) }) { a, _ in a },
                audiences: Dictionary(company.audiences.map { ($0.key, $0.definition.name) }) { a, _ in a })
            let report = FormulaReport(text, as: use.use, names: company.names, library: company.library, titles: titles).json
            if json {
                try terminal.print(report.text)
            } else if try FormulaCommand.tell(report, terminal) {
                try terminal.print(Text.clean("\(FormulaCommand.kind(report)): \(report["explanation"]?.string ?? "")"))
            }
            if report["ok"]?.bool != true { throw ExitCode(1) }
        }

        private func company(_ source: String?, _ terminal: Terminal) throws -> Company {
            let findings = Findings()
            let blueprint = try source.map { try Blueprint.read(folder: $0, findings) } ?? .empty
            CompanyDefinitions.kinds.check(blueprint, findings)
            if let source, !findings.isEmpty {
                let count = Text.count(findings.all.count, "thing")
                terminal.say("\(count) to mend in \(source), which is left out here: `sightline blueprint check \(source)` says what.")
            }
            return Company(blueprint, CompanyDefinitions.known(blueprint, .init()))
        }
    }

    struct Explain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Says what a formula means, what it reads, and for how many customers it holds now.",
            discussion: "Example: sightline formula explain 'count(\"Order Completed\" in last 90 days) >= 3' --data ./my-data")
        @Argument(help: ArgumentHelp("The formula.", valueName: "FORMULA")) var formula: String?
        @Option(help: ArgumentHelp("A file with the formula instead; - is standard input.", valueName: "FILE")) var file: String?
        @Flag(help: "Print JSON, for scripts.") var json = false
        @OptionGroup var folder: DataOptions

        func validate() throws { try FormulaCommand.validate(formula, file) }

        func run() async throws {
            let text = try FormulaCommand.text(formula, file)
            try await withFolder(folder) { client, terminal in
                let report = try await FormulaCommand.ask(client, "/api/formulas/explain", ["formula": .string(text)], terminal)
                if json {
                    try terminal.print(report.text)
                } else if try FormulaCommand.tell(report, terminal) {
                    for line in FormulaCommand.explained(report) { try terminal.print(Text.clean(line)) }
                }
                if report["ok"]?.bool != true { throw ExitCode(1) }
            }
        }
    }

    struct Eval: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Works a formula out for one customer, and names the interactions that made it so.",
            discussion: "Example: sightline formula eval 'sum(\"Order Completed\".total)' --customer email:ann@example.com --data ./my-data")
        @Argument(help: ArgumentHelp("The formula.", valueName: "FORMULA")) var formula: String?
        @Option(help: ArgumentHelp("A file with the formula instead; - is standard input.", valueName: "FILE")) var file: String?
        @Option(help: ArgumentHelp("An id (cus_…), or an identifier as kind:value.", valueName: "REF")) var customer: String
        @Flag(help: "Print JSON, for scripts.") var json = false
        @OptionGroup var folder: DataOptions

        func validate() throws { try FormulaCommand.validate(formula, file) }

        func run() async throws {
            let text = try FormulaCommand.text(formula, file)
            try await withFolder(folder) { client, terminal in
                let answer = try await FormulaCommand.ask(
                    client, "/api/formulas/evaluate", ["formula": .string(text), "customer": .string(customer)], terminal)
                if json { try terminal.print(answer.text) }
                if answer["problems"] != nil {
                    if !json { _ = try FormulaCommand.tell(answer, terminal) }
                    throw ExitCode(1)
                }
                if json { return }
                // The value alone on its line, so that a script may take it.
                try terminal.print(Text.clean(try answer.text("text")))
                let why = answer["why"]?.array ?? []
                if why.isEmpty { return }
                var table = Table([.init(title: "at"), .init(title: "name", shrinks: true), .init(title: "position")])
                for item in why {
                    table.add([Moment.minute(try item.text("at")), try item.text("name"), item["position"]?.string ?? item["position"]?.text ?? ""])
                }
                try terminal.print()
                try terminal.show(table, none: "")
            }
        }
    }

    // MARK: What they share

    /// Seconds for which it waits until the server can say it: a folder that was just opened puts its definitions to work first.
    private static let patience = 120

    /// Asks again while the server has to read first what the answer needs.
    private static func ask(_ client: FolderClient, _ path: String, _ body: JSON, _ terminal: Terminal) async throws -> JSON {
        var waited = 0
        while true {
            do {
                let answer = try await client.send(APIRequest("POST", path, body: body.bytes))
                // A formula that does not read is told like what is found by checking one.
                if let problems = answer.refusal?["problems"] { return ["ok": .bool(false), "problems": problems] }
                return try answer.json()
            } catch let problem as Problem where waited < patience && ["not-yet-worked-out", "reading"].contains(where: problem.kind.hasSuffix) {
                if waited == 0 { terminal.say("\(problem.title); this may take a minute.") }
                waited += 1
                try await Task.sleep(for: .seconds(1))
            }
        }
    }

    private static func validate(_ formula: String?, _ file: String?) throws {
        guard (formula == nil) != (file == nil) else { throw ValidationError("Write the formula, or name a file with --file.") }
    }

    /// The formula as it was written, or in a file.
    /// - Throws: ``CommandProblem/file(path:reason:)``.
    private static func text(_ formula: String?, _ file: String?) throws -> String {
        guard let file else { return formula ?? "" }
        do {
            if file != "-" { return try String(contentsOfFile: file, encoding: .utf8) }
            let bytes = try FileHandle.standardInput.readToEnd() ?? Data()
            guard let text = String(data: bytes, encoding: .utf8) else {
                throw CommandProblem.file(path: "standard input", reason: "it is no UTF-8.")
            }
            return text
        } catch let problem as CommandProblem {
            throw problem
        } catch {
            throw CommandProblem.file(path: file, reason: "it cannot be read as text in UTF-8.")
        }
    }

    /// Prints what is wrong, with the part of the formula that is meant.
    /// - Returns: Whether nothing is.
    private static func tell(_ report: JSON, _ terminal: Terminal) throws -> Bool {
        for problem in try report.list("problems") {
            let place = "line \(try problem.whole("line")), column \(try problem.whole("column"))"
            try terminal.print(Text.clean("\(place): \(try problem.text("what")); \(try problem.text("mend"))"))
            if let excerpt = problem["excerpt"]?.string, !excerpt.isEmpty { try terminal.print(Text.cleanLines(excerpt)) }
        }
        return report["ok"]?.bool == true
    }

    /// `A condition`, `A number`
    static func kind(_ report: JSON) -> String {
        let type = report["type"]?.string.flatMap(ValueType.init(rawValue:))
        let noun = type == .flag ? "a condition" : type?.noun ?? "a value"
        return noun.prefix(1).uppercased() + noun.dropFirst()
    }

    /// What a formula means, what it reads, and for how many it holds.
    static func explained(_ report: JSON) -> [String] {
        var lines = ["\(kind(report)): \(report["explanation"]?.string ?? "")"]
        let reads = report["reads"] ?? .object([])
        func texts(_ key: String) -> [String] { (reads[key]?.array ?? []).compactMap(\.string) }
        let events = (reads["events"]?.array ?? []).map { event in
            let properties = (event["properties"]?.array ?? []).compactMap(\.string)
            return (event["name"]?.string ?? "") + (properties.isEmpty ? "" : " (\(properties.joined(separator: ", ")))")
        }
        let consents = (reads["consents"]?.array ?? []).map { "\($0["channel"]?.string ?? "") for \($0["purpose"]?.string ?? "")" }
        for (title, names) in [
            ("interactions", (reads["any"]?.bool == true ? ["any"] : []) + events), ("traits", texts("traits")), ("consents", consents),
            ("identifiers", texts("identifiers")), ("metrics", texts("metrics")), ("audiences", texts("audiences")),
            ("stages", reads["stage"]?.bool == true && texts("stages").isEmpty ? ["stage"] : texts("stages")),
        ] where !names.isEmpty {
            lines.append("It reads \(title): \(names.joined(separator: ", ")).")
        }
        if let size = report["size"], let holds = size["holds"]?.integer, let all = size["of"]?.integer {
            let share = all == 0 ? "" : " (\(FormulaText.number((Double(holds) / Double(all) * 1000).rounded() / 10))%)"
            lines.append("It holds for \(Text.count(holds)) of \(Text.count(all, "customer"))\(share).")
        }
        return lines
    }
}
