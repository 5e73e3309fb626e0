import Collect
import Foundation
import Kernel
import Web

/// All settings. The one place where each is declared.
enum Known {
    static let data = Setting(
        name: "data", placeholder: "DIR", standard: "./sightline-data",
        summary: "The data folder: everything Sightline keeps. It is made when it is missing, for you alone (0700).",
        form: .folder, inDataFolder: false, isOfServer: true, fault: Fault.noFolder)
    static let host = Setting(
        name: "host", placeholder: "HOST", standard: "127.0.0.1",
        summary: "The address to listen on. `0.0.0.0` or `::` listens on all; set `tls-certificate` then, or put a reverse proxy with TLS before it.",
        form: .text, isOfServer: true)
    static let port = Setting(
        name: "port", placeholder: "PORT", standard: "8080",
        summary: "The port to listen on; 0 takes any that is free, and the line of readiness names it.",
        form: .whole(0...65_535), isOfServer: true)
    static let origins = Setting(
        name: "origins", placeholder: "LIST", standard: "*",
        summary:
            "The web origins whose pages may send to /v1 (CORS), as `https://shop.example`; `*` is any. Write keys, not origins, decide who may send.",
        form: .list("an origin (`https://shop.example`) or `*`") { $0 == "*" || ($0.hasPrefix("http") && $0.contains("://") && !$0.hasSuffix("/")) })
    static let proxies = Setting(
        name: "trusted-proxies", placeholder: "LIST", standard: "none",
        summary:
            "The reverse proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: who the client is, and whether it speaks TLS. They pass `Host` on as they got it; `X-Forwarded-Host` is never looked at.",
        form: Form<[AddressRange]>.ranges, isOfServer: true)
    static let certificate = Setting(
        name: "tls-certificate", placeholder: "FILE", standard: "none",
        summary:
            "The certificate with which the server speaks TLS (1.2 or 1.3), then those of its authorities, in PEM. Taken anew on SIGHUP, and within a minute when the file changes.",
        form: Form<String?>.fileOrNone, isOfServer: true)
    static let certificateKey = Setting(
        name: "tls-key", placeholder: "FILE", standard: "none",
        summary: "The private key of `tls-certificate`, in PEM and without a password. Both are given, or neither.", form: Form<String?>.fileOrNone,
        isOfServer: true)
    static let workspaces = Setting(
        name: "workspaces", placeholder: "LIST", standard: "none",
        summary:
            "More workspaces that this server serves, each by its host: `brand-a.example=/srv/brand-a` is a data folder with its own people, keys, settings and data. docs/workspaces.md tells more.",
        form: Form<[WorkspacePlace]>.workspaces, isOfServer: true)
    static let mainHosts = Setting(
        name: "main-hosts", placeholder: "LIST", standard: "*",
        summary: "The hosts by which the folder of `data` is reached when there are `workspaces`. With a list, other hosts are answered with 421.",
        form: Form<[String]?>.hosts, isOfServer: true)
    static let itemLimit = bytes(
        "item-limit", "item-bytes", standard: "32 KB", "The most bytes that one item of the tracking API may have; a larger one is refused by itself."
    )
    static let batchLimit = bytes(
        "batch-limit", "batch-bytes", standard: "500 KB", "The most bytes that a request to /v1 may have, before and after decompression.")
    static let batchItems = count("batch-items", "batch-items", standard: "2500", "The most items that one batch may have.")
    static let importLimit = bytes(
        "import-limit", "import-bytes", standard: "4 MB", "The most bytes that a request to /v1/import may have, before and after decompression.")
    static let importItems = count("import-items", "import-items", standard: "25000", "The most items that one request to /v1/import may have.")
    static let itemDepth = count("item-depth", "item-depth", standard: "32", "How deep objects and arrays may lie within each other in one item.")
    static let objectMembers = count("object-members", "object-members", standard: "1000", "How many members one object of an item may have.")
    static let aheadTolerance = Setting(
        name: "ahead-tolerance", placeholder: "TIME", standard: "5 min",
        summary:
            "How far after its arrival an interaction may say that it happened. Past it, it counts as of its arrival; in an import it is refused.",
        form: .duration(range("ahead-milliseconds")))
    static let queueBytes = Setting(
        name: "queue-bytes", placeholder: "BYTES", standard: "64 MB",
        summary: "How much may wait to be written to the ledger. Past it clients are told to come back later (429).", form: .bytes(64 << 10...8 << 30)
    )
    static let dedupeWindow = Setting(
        name: "dedupe-window", placeholder: "TIME", standard: "30 days",
        summary: "How long a message id is remembered: the same id within this time is the same message, sent again, and is dropped.",
        form: .duration(3_600_000...3650 * 86_400_000))
    static let quarantineItems = Setting(
        name: "quarantine-items", placeholder: "COUNT", standard: "100000",
        summary: "How many refused items are kept to be looked at and replayed; past it the oldest go.", form: .whole(0...100_000_000))
    static let threads = Setting(
        name: "threads", placeholder: "COUNT", standard: "0", summary: "Threads that serve connections; 0 is one for each processor.",
        form: .whole(0...1024), isOfServer: true)
    static let readers = Setting(
        name: "readers", placeholder: "COUNT", standard: "4", summary: "Connections that read the state database at the same time.",
        form: .whole(1...256))
    static let resources = Setting(
        name: "resources", placeholder: "DIR", standard: "auto",
        summary: "The folder of the pages' templates and static files; `auto` finds the one that belongs to the program.",
        form: Form<String?>.folderOrAuto, isOfServer: true, fault: Fault.noResources)
    static let logLevel = Setting(
        name: "log-level", placeholder: "LEVEL", standard: "info",
        summary: "How much is told on standard error. No level tells personal data.", form: Form<LogLevel>.choice, isOfServer: true)
    static let logFormat = Setting(
        name: "log-format", placeholder: "FORMAT", standard: "auto",
        summary:
            "How the log on standard error is written: `text` for people, `json` for programs, an object a line; `auto` is text on a terminal, else json. With `json` standard output has such lines too, and none has the link of the first administrator: `sightline person first` prints it.",
        form: Form<LogFormat>.choice, isOfServer: true)
    static let readyLag = Setting(
        name: "ready-lag", placeholder: "TIME", standard: "1 min",
        summary: "How far the views may be behind the ledger while `GET /ready` says yes.", form: .duration(1000...86_400_000))
    static let backupFolder = Setting(
        name: "backup-folder", placeholder: "DIR", standard: "none",
        summary:
            "Where backups are made by themselves, on another disk than the data; `none` makes none. Other things may lie there, and several installations may share it.",
        form: Form<String?>.folderOrNone, fault: Fault.noBackupFolder)
    static let backupEvery = Setting(
        name: "backup-every", placeholder: "TIME", standard: "1 day",
        summary: "How long after the newest backup the next one is made. One whose time passed while the server did not run is made at its start.",
        form: .duration(1000...365 * 86_400_000))
    static let backupKeep = Setting(
        name: "backup-keep", placeholder: "TIME", standard: "7 days",
        summary:
            "How long every backup is kept that was made by itself. The newest one that a test restore found sound stays, however old it is.",
        form: .duration(1000...3650 * 86_400_000))
    static let backupKeepWeeks = Setting(
        name: "backup-keep-weeks", placeholder: "COUNT", standard: "8",
        summary:
            "For how many weeks before this one the newest sound backup of each is kept besides. A week begins on Monday, in UTC; 0 keeps only this week's.",
        form: .whole(0...520))
    static let deliveryNetworks = Setting(
        name: "delivery-networks", placeholder: "LIST", standard: "none",
        summary:
            "Networks that webhooks may reach though they are not public, as one of your own: `10.20.0.0/16`. Without it no message goes to a private, local or otherwise special address, whatever name leads there.",
        form: Form<[AddressRange]>.ranges)
    static let accessLog = Setting(
        name: "access-log", placeholder: "FILE", standard: "none",
        summary:
            "Where a line of JSON goes for each request, appended: time, method, route, status, bytes, microseconds, and the request's id, by which the log knows it too. The route is the pattern (`/api/customers/{ref}`); no address, query, client or name is told.",
        form: Form<AccessLogTarget?>.accessLog, isOfServer: true, fault: Fault.noAccessLog)

    // The ranges of the limits are those of the room that holds them.
    private static func range(_ limit: String) -> ClosedRange<Int> {
        guard let found = Limits.settings.first(where: { $0.name == limit }) else { preconditionFailure("Collect has no limit \(limit)") }
        return found.range
    }
    private static func bytes(_ name: String, _ limit: String, standard: String, _ summary: String) -> Setting<Int> {
        Setting(name: name, placeholder: "BYTES", standard: standard, summary: summary, form: .bytes(range(limit)))
    }
    private static func count(_ name: String, _ limit: String, standard: String, _ summary: String) -> Setting<Int> {
        Setting(name: name, placeholder: "COUNT", standard: standard, summary: summary, form: .whole(range(limit)))
    }

    /// The limits of the tracking API.
    static func limits(_ settings: Settings) throws -> Limits {
        try Limits([
            "item-bytes": settings[itemLimit], "batch-bytes": settings[batchLimit], "batch-items": settings[batchItems],
            "import-bytes": settings[importLimit], "import-items": settings[importItems], "item-depth": settings[itemDepth],
            "object-members": settings[objectMembers], "ahead-milliseconds": settings[aheadTolerance],
        ])
    }

    /// In the order that help and documentation show.
    static let all: [any AnySetting] = [
        data, host, port, certificate, certificateKey, proxies, workspaces, mainHosts, origins, itemLimit, batchLimit, batchItems, importLimit,
        importItems, itemDepth,
        objectMembers, aheadTolerance, queueBytes, dedupeWindow, quarantineItems, threads,
        readers, resources, logLevel, logFormat, readyLag, accessLog, backupFolder, backupEvery, backupKeep, backupKeepWeeks,
        deliveryNetworks,
    ]
}

/// What settings are together wrong about, though each of them could be right by itself.
struct Disagreement {
    /// The setting that is told of.
    var name: String
    var reason: String

    /// - Parameter given: The values of those settings whose values are right by themselves.
    static func all(_ given: SettingsGiven) -> [Disagreement] { certificate(given) + workspaces(given) }

    private static func certificate(_ given: SettingsGiven) -> [Disagreement] {
        guard let certificate = given[Known.certificate], let key = given[Known.certificateKey] else { return [] }
        switch (certificate, key) {
        case (nil, nil): return []
        case (_?, nil): return [Disagreement(name: Known.certificate.name, reason: "a certificate needs its key: set `tls-key` too.")]
        case (nil, _?): return [Disagreement(name: Known.certificateKey.name, reason: "a key needs its certificate: set `tls-certificate` too.")]
        case (let certificate?, let key?):
            return Certificate.faults(certificate: certificate, key: key).map { problem in
                let isOfKey =
                    switch problem {
                    case .unreadable(let path, _): path == key && path != certificate
                    case .noCertificate: false
                    case .noKey, .encryptedKey, .notOfEachOther: true
                    }
                return Disagreement(name: isOfKey ? Known.certificateKey.name : Known.certificate.name, reason: problem.description)
            }
        }
    }
}

/// Where the access log goes.
enum AccessLogTarget: Equatable, Sendable {
    case standardOutput
    case file(String)
}

extension Form where Value == AccessLogTarget? {
    static let accessLog = Form(takes: "the path of a file, `-` for standard output, or `none`") { text in
        switch text {
        case "": nil
        case "none": .some(nil)
        case "-": .standardOutput
        default: .file(text)
        }
    }
}

/// What keeps a server from working with a path, found out without leaving anything behind.
private enum Fault {
    @Sendable static func noFolder(_ path: String) -> String? {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: DataFolder(path).path, isDirectory: &isFolder), !isFolder.boolValue else { return nil }
        return "\(path) is a file; name a folder."
    }

    @Sendable static func noResources(_ folder: String?) -> String? {
        guard let folder else { return nil }
        do {
            _ = try Resources(folder: folder)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Sendable static func noBackupFolder(_ folder: String?) -> String? {
        guard let folder else { return nil }
        let path = DataFolder(folder).path
        // The folder is made with the first backup, so what counts until then is the nearest one above it that is there.
        var nearest = URL(fileURLWithPath: path)
        var isFolder: ObjCBool = false
        while !FileManager.default.fileExists(atPath: nearest.path, isDirectory: &isFolder), nearest.path != "/" {
            nearest.deleteLastPathComponent()
        }
        if !isFolder.boolValue { return "\(nearest.path) is a file; name a folder." }
        // Only what is done in earnest tells a disk mounted for reading, or one that another machine keeps.
        var name = (nearest.path + "/.sightline-probe-XXXXXX").utf8CString.map(\.self)
        if access(nearest.path, R_OK | W_OK | X_OK) == 0, mkdtemp(&name) != nil {
            rmdir(name)
            return nil
        }
        // A disk that is full now may have room when the next backup is due; until then the page of backups tells.
        if errno == ENOSPC || errno == EDQUOT { return nil }
        let reason = String(cString: strerror(errno))
        let place = nearest.path == path ? folder : "\(folder), which is not there: \(nearest.path)"
        return "no backups can be made in \(place): \(reason). Let the user that Sightline runs as write there, or name another folder."
    }

    @Sendable static func noAccessLog(_ target: AccessLogTarget?) -> String? {
        guard case .file(let path) = target else { return nil }
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
            if isFolder.boolValue { return "the access log cannot be opened: \(path) is a folder." }
            return access(path, W_OK) == 0 ? nil : "the access log cannot be opened: \(path): \(String(cString: strerror(errno)))."
        }
        let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
        return access(parent, W_OK | X_OK) == 0 ? nil : "the access log cannot be opened: \(parent): \(String(cString: strerror(errno)))."
    }
}

/// How the log is written.
enum LogFormat: String, CaseIterable, Sendable {
    case auto, text, json
}

/// How much the log tells.
enum LogLevel: String, CaseIterable, Sendable {
    case debug, info, notice, warning, error
}
