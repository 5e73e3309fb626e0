import ArgumentParser
import Definitions
import Foundation
import Kernel

struct BlueprintCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "blueprint", abstract: "Checks and puts in force what a company decides: a folder of YAML files.",
        discussion: "Example: sightline blueprint apply ./blueprint --data ./my-data",
        subcommands: [Check.self, Diff.self, Apply.self, Export.self, Log.self, Rollback.self, ReferenceCommand.self])

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Says what is wrong in a blueprint: every place at once, as file:line:column. Needs no data folder.",
            discussion: "Example: sightline blueprint check ./blueprint")
        @Argument(help: ArgumentHelp("The blueprint's folder.", valueName: "DIR")) var source: String
        @OptionGroup var folder: DataOptions

        func run() throws {
            let terminal = Environment.current.terminal
            let blueprint = try BlueprintCommand.read(source, terminal)
            let none = "There is no *.yaml file in \(source), so the defaults hold."
            terminal.say(blueprint.documents.isEmpty ? none : "\(Text.count(blueprint.documents.count, "document")): nothing is wrong.")
        }
    }

    struct Diff: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows what applying a blueprint would change.", discussion: "Example: sightline blueprint diff ./blueprint --data ./my-data")
        @Argument(help: ArgumentHelp("The blueprint's folder.", valueName: "DIR")) var source: String
        @OptionGroup var folder: DataOptions

        func run() async throws {
            let new = try BlueprintCommand.read(source, Environment.current.terminal)
            try await withFolder(folder) { client, terminal in
                let old = try await BlueprintCommand.inForce(client)
                let style = Style(on: terminal.out.colours)
                let changes = new.changes(from: old)
                if changes.isEmpty { terminal.say("It is what is in force.") }
                for change in changes {
                    try terminal.print(style.bold("\(change.id): \(change.what.rawValue)"))
                    let old = old[change.id.kind, change.id.key]?.text ?? ""
                    try BlueprintCommand.show(LineDifference(from: old, to: new[change.id.kind, change.id.key]?.text ?? ""), style, terminal)
                }
            }
        }
    }

    struct Apply: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts a blueprint in force: all of it or, when anything is wrong, nothing.",
            discussion: """
                The folder is the whole blueprint: a document that is in force and not in the folder goes out of force, and the default holds. \
                Interactions that arrive from then on are judged by it; what was concluded before stays.

                Example: sightline blueprint apply ./blueprint --data ./my-data
                """)
        @Argument(help: ArgumentHelp("The blueprint's folder.", valueName: "DIR")) var source: String
        @OptionGroup var folder: DataOptions

        func run() async throws {
            let blueprint = try BlueprintCommand.read(source, Environment.current.terminal, after: " Nothing was changed.")
            guard !blueprint.documents.isEmpty else {
                throw CommandProblem.file(path: source, reason: "there is no *.yaml file in it. Applying it would take everything out of force.")
            }
            try await withFolder(folder, missing: .isMade) { client, terminal in
                let documents: JSON = .array(blueprint.documents.map { ["name": .string($0.file), "text": .string($0.text)] })
                let body: JSON = ["documents": documents, "check": false]
                let done = try await client.json(APIRequest("POST", "/api/blueprint", body: body.bytes))
                let changes = try done.list("changes")
                if changes.isEmpty { return terminal.say("It is what is in force: nothing changed.") }
                try BlueprintCommand.tell(changes, terminal)
            }
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes the definitions in force into a folder.",
            discussion:
                "With --all the defaults are written out too, so that everything that holds can be read.\n\nExample: sightline blueprint export ./blueprint --data ./my-data"
        )
        @Argument(help: ArgumentHelp("A folder; files of the same names are replaced.", valueName: "DIR")) var target: String
        @Flag(help: "Write the defaults out too.") var all = false
        @OptionGroup var folder: DataOptions

        func run() async throws {
            try await withFolder(folder) { client, terminal in
                let inForce = try await BlueprintCommand.inForce(client)
                let written = all ? CompanyDefinitions.kinds.complete(inForce) : inForce
                try written.write(folder: target)
                terminal.say("\(Text.count(written.documents.count, "document")) written into \(target).")
            }
        }
    }

    /// A blueprint in which nothing is wrong; else everything that is goes to standard output.
    /// - Parameter after: What is said then, after how much is to mend.
    private static func read(_ folder: String, _ terminal: Terminal, after: String = "") throws -> Blueprint {
        let findings = Findings()
        let blueprint = try Blueprint.read(folder: folder, findings)
        CompanyDefinitions.kinds.check(blueprint, findings)
        guard findings.isEmpty else {
            for finding in findings.all { try terminal.print(Text.clean(finding.description)) }
            terminal.say("\(Text.count(findings.all.count, "thing")) to mend.\(after)")
            throw ExitCode(1)
        }
        return blueprint
    }

    /// Prints what changed, and says that it holds.
    static func tell(_ changes: [JSON], _ terminal: Terminal) throws {
        for change in changes {
            let version = change["version"]?.integer.map { ", version \($0)" } ?? ""
            try terminal.print(Text.clean("\(try change.text("document")): \(try change.text("what"))\(version)"))
        }
        terminal.say("In force from now on.")
    }

    /// Prints what differs, with two lines around it.
    static func show(_ difference: LineDifference, _ style: Style, _ terminal: Terminal) throws {
        for line in difference.excerpt() {
            guard let line else { continue }
            let text = Text.clean(line.text)
            switch line.mark {
            case .added: try terminal.print(style.accent("+ " + text))
            case .removed: try terminal.print(style.warning("- " + text))
            case .same: try terminal.print("  " + text)
            }
        }
    }

    private static func inForce(_ client: FolderClient) async throws -> Blueprint {
        let answer = try await client.json(APIRequest("GET", "/api/blueprint"))
        let files = try answer.list("documents").map { (name: try $0.text("name"), bytes: Array(try $0.text("text").utf8)) }
        return Blueprint(files: files, Findings())
    }
}
