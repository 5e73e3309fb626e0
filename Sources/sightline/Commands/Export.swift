import ArgumentParser
import Foundation

struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints all interactions as NDJSON: one JSON object a line, in the order of the ledger.",
        discussion: """
            Each has position, messageId, customer, name, channel, direction, media, at, receivedAt, identifiers and properties. With --after \
            a copy elsewhere is kept up to date: give it the last position that is there.

            Example: sightline export --data ./my-data | gzip > interactions.ndjson.gz
            """)

    @Option(help: ArgumentHelp("Only what stands behind this position.", valueName: "POSITION")) var after: UInt64?
    @Option(help: ArgumentHelp("Write into this file instead; it appears when it is whole.", valueName: "FILE")) var output: String?
    @OptionGroup var folder: DataOptions

    func run() async throws {
        try await withFolder(folder) { client, terminal in
            let request = APIRequest("GET", "/api/interactions", query: after.map { [("after", String($0))] } ?? [])
            guard let output else {
                let out = terminal.out
                return try await client.send(request) { Self.write($0, out) }.check()
            }
            let partial = output + ".partial"
            guard FileManager.default.createFile(atPath: partial, contents: nil), let file = FileHandle(forWritingAtPath: partial) else {
                throw CommandProblem.file(path: output, reason: "it cannot be written.")
            }
            let stream = Terminal.Stream(descriptor: file.fileDescriptor, environment: [:])
            do {
                try await client.send(request) { Self.write($0, stream) }.check()
                try file.synchronize()
                try file.close()
                guard rename(partial, output) == 0 else { throw CommandProblem.file(path: output, reason: String(cString: strerror(errno))) }
            } catch {
                unlink(partial)
                throw error
            }
        }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, _ stream: Terminal.Stream) -> WriteProblem? {
        do throws(WriteProblem) {
            try stream.write(bytes)
            return nil
        } catch {
            return error
        }
    }
}
