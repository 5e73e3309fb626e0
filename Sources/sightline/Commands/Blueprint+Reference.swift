import ArgumentParser
import Definitions
import Foundation
import Kernel

extension BlueprintCommand {
    struct ReferenceCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "reference",
            abstract: "Prints what there is to decide, in Markdown: each kind with its settings, what they take and their defaults.",
            discussion: "Needs no data folder.\n\nExample: sightline blueprint reference identity")
        @Argument(help: ArgumentHelp("One kind alone, as identity.", valueName: "KIND")) var kind: String?
        @Option(help: ArgumentHelp("Make the parts about the kinds in this page anew instead, as docs/definitions.md.", valueName: "FILE"))
        var into: String?

        func run() throws {
            let terminal = Environment.current.terminal
            let kinds = CompanyDefinitions.kinds
            let reference = Reference(kinds)
            if let into { return try write(reference, into) }
            for type in kinds.types where kind == nil || type.kind == kind {
                try terminal.print("## `\(type.kind)`\n\n" + (reference.markdown(type.kind) ?? ""))
            }
        }

        func validate() throws {
            let known = CompanyDefinitions.kinds.types.map { $0.kind }
            if let kind, !known.contains(kind) {
                throw ValidationError("There is no kind \(kind): \(Nearest.advice(for: kind, among: known))")
            }
            guard kind == nil || into == nil else { throw ValidationError("--into makes the parts of all kinds; leave KIND away.") }
        }

        private func write(_ reference: Reference, _ path: String) throws {
            do {
                let page = try String(contentsOfFile: path, encoding: .utf8)
                guard let made = reference.page(page) else {
                    throw CommandProblem.file(path: path, reason: "it has not the marks between which the part about each kind stands")
                }
                try made.write(toFile: path, atomically: true, encoding: .utf8)
            } catch let error as CocoaError {
                throw CommandProblem.file(path: path, reason: error.localizedDescription)
            }
        }
    }
}
