import ArgumentParser

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Fills the data folder with an invented company: two years of a retailer's customers on every channel.",
        discussion: """
            The folder must be empty, or have this invented company already: again does nothing, and what was cut short goes on. Needs no \
            server, and works beside one. `sightline serve --demo` fills and serves at once.

            Example: sightline demo --customers 2000 --data ./demo-data
            """)
    @Option(help: ArgumentHelp("How many people, 2 to 10,000,000.", valueName: "COUNT")) var customers = 20_000
    @Option(help: ArgumentHelp("Which invented world: the same number gives the same customers.", valueName: "NUMBER")) var seed: UInt64 = 2291
    @Flag(help: "Go on with a trickle of live interactions until it is stopped.") var live = false
    @OptionGroup var folder: DataOptions

    func validate() throws {
        guard (2...10_000_000).contains(customers) else { throw ValidationError("--customers takes a whole number from 2 to 10000000.") }
    }

    func run() async throws {
        try await withFolder(folder, missing: .isMadeWithParents) { client, terminal in
            try await Demonstration(client: client, say: { terminal.say($0) }, customers: customers, seed: seed).run(live: live)
        }
    }
}
