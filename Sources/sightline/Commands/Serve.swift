import ArgumentParser

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serves a data folder over HTTP until it is stopped.",
        discussion: """
            Prints one line with its address when it is ready; GET /health answers 200 from then on. SIGINT or SIGTERM stop it in peace: it \
            takes no more, concludes what it has acknowledged, and exits with 0. A second signal ends it at once; nothing that was \
            acknowledged is lost then either. SIGHUP takes the certificate of tls-certificate anew.

            Example: sightline serve --data ./my-data --host 127.0.0.1 --port 8080
            """)

    @OptionGroup var folder: DataOptions

    @Option(name: .customLong(Known.host.name), help: Known.host.help) var host: String?
    @Option(name: .customLong(Known.port.name), help: Known.port.help) var port: String?
    @Option(name: .customLong(Known.origins.name), help: Known.origins.help) var origins: String?
    @Option(name: .customLong(Known.proxies.name), help: Known.proxies.help) var proxies: String?
    @Option(name: .customLong(Known.certificate.name), help: Known.certificate.help) var certificate: String?
    @Option(name: .customLong(Known.certificateKey.name), help: Known.certificateKey.help) var certificateKey: String?
    @Option(name: .customLong(Known.workspaces.name), help: Known.workspaces.help) var workspaces: String?
    @Option(name: .customLong(Known.mainHosts.name), help: Known.mainHosts.help) var mainHosts: String?
    @Option(name: .customLong(Known.itemLimit.name), help: Known.itemLimit.help) var itemLimit: String?
    @Option(name: .customLong(Known.batchLimit.name), help: Known.batchLimit.help) var batchLimit: String?
    @Option(name: .customLong(Known.batchItems.name), help: Known.batchItems.help) var batchItems: String?
    @Option(name: .customLong(Known.importLimit.name), help: Known.importLimit.help) var importLimit: String?
    @Option(name: .customLong(Known.importItems.name), help: Known.importItems.help) var importItems: String?
    @Option(name: .customLong(Known.itemDepth.name), help: Known.itemDepth.help) var itemDepth: String?
    @Option(name: .customLong(Known.objectMembers.name), help: Known.objectMembers.help) var objectMembers: String?
    @Option(name: .customLong(Known.aheadTolerance.name), help: Known.aheadTolerance.help) var aheadTolerance: String?
    @Option(name: .customLong(Known.queueBytes.name), help: Known.queueBytes.help) var queueBytes: String?
    @Option(name: .customLong(Known.dedupeWindow.name), help: Known.dedupeWindow.help) var dedupeWindow: String?
    @Option(name: .customLong(Known.quarantineItems.name), help: Known.quarantineItems.help) var quarantineItems: String?
    @Option(name: .customLong(Known.threads.name), help: Known.threads.help) var threads: String?
    @Option(name: .customLong(Known.readers.name), help: Known.readers.help) var readers: String?
    @Option(name: .customLong(Known.resources.name), help: Known.resources.help) var resources: String?
    @Option(name: .customLong(Known.logLevel.name), help: Known.logLevel.help) var logLevel: String?
    @Option(name: .customLong(Known.logFormat.name), help: Known.logFormat.help) var logFormat: String?
    @Option(name: .customLong(Known.readyLag.name), help: Known.readyLag.help) var readyLag: String?
    @Option(name: .customLong(Known.accessLog.name), help: Known.accessLog.help) var accessLog: String?
    @Option(name: .customLong(Known.backupFolder.name), help: Known.backupFolder.help) var backupFolder: String?
    @Option(name: .customLong(Known.backupEvery.name), help: Known.backupEvery.help) var backupEvery: String?
    @Option(name: .customLong(Known.backupKeep.name), help: Known.backupKeep.help) var backupKeep: String?
    @Option(name: .customLong(Known.backupKeepWeeks.name), help: Known.backupKeepWeeks.help) var backupKeepWeeks: String?
    @Option(name: .customLong(Known.deliveryNetworks.name), help: Known.deliveryNetworks.help) var deliveryNetworks: String?

    @Flag(
        help:
            "Fills an empty folder with an invented company, goes on with a trickle of live interactions, and prints a token. Leaves other data alone."
    )
    var demo = false
    // What the server says to itself when it takes its own place.
    @Flag(help: .hidden) var restarted = false

    /// What the flags say, by name of the setting.
    var flags: [String: String] {
        let given: [(any AnySetting, String?)] = [
            (Known.host, host), (Known.port, port), (Known.origins, origins), (Known.proxies, proxies), (Known.certificate, certificate),
            (Known.certificateKey, certificateKey), (Known.workspaces, workspaces), (Known.mainHosts, mainHosts), (Known.itemLimit, itemLimit),
            (Known.batchLimit, batchLimit), (Known.batchItems, batchItems), (Known.importLimit, importLimit), (Known.importItems, importItems),
            (Known.itemDepth, itemDepth), (Known.objectMembers, objectMembers), (Known.aheadTolerance, aheadTolerance),
            (Known.queueBytes, queueBytes),
            (Known.dedupeWindow, dedupeWindow), (Known.quarantineItems, quarantineItems), (Known.threads, threads), (Known.readers, readers),
            (Known.resources, resources), (Known.logLevel, logLevel), (Known.logFormat, logFormat),
            (Known.readyLag, readyLag), (Known.accessLog, accessLog),
            (Known.backupFolder, backupFolder), (Known.backupEvery, backupEvery), (Known.backupKeep, backupKeep),
            (Known.backupKeepWeeks, backupKeepWeeks), (Known.deliveryNetworks, deliveryNetworks),
        ]
        return given.reduce(into: [:]) { $0[$1.0.name] = $1.1 }
    }

    func run() async throws {
        let environment = Environment.current
        let workspaces = try folder.workspaces(flags, environment: environment.variables)
        try await ServerProcess(workspaces: workspaces, demo: demo, isRestarted: restarted, terminal: environment.terminal).run()
    }
}
