import Foundation
import Web

/// Another workspace of a server: by which host it is reached, and where its data is.
struct WorkspacePlace: Equatable, Sendable {
    /// As ``HostName`` writes it.
    var host: String
    /// The path as it was given.
    var folder: String

    var data: DataFolder { DataFolder(folder) }

    /// Reads `brand-a.example=/srv/brand-a`; nil for anything else.
    init?(_ text: String) {
        let parts = text.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let host = HostName.read(parts[0].trimmed) else { return nil }
        let folder = parts[1].trimmed
        guard !folder.isEmpty else { return nil }
        self.host = host
        self.folder = folder
    }
}

/// The name of a host, without scheme and port.
enum HostName {
    /// The name in one way of writing, as requests are compared with it; nil when it is none (RFC 1123, section 2.1).
    static func read(_ text: String) -> String? {
        let name = Hosts.name(text)
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        let isName = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 95 }
        }
        return isName && name.utf8.count <= 253 && !text.contains(":") ? name : nil
    }
}

extension Form where Value == [WorkspacePlace] {
    static let workspaces = entries(
        takes: "`host=folder` (`brand-a.example=/srv/brand-a`), several apart by commas, or `none`", ("none", []),
        each: { WorkspacePlace($0) }, made: { $0 })
}

extension Form where Value == [String]? {
    /// Nil for `*`.
    static let hosts = entries(
        takes: "a host name without a port, several apart by commas, or `*` for every host that no workspace has", ("*", nil),
        each: { HostName.read($0) }, made: { .some($0) })
}

extension Disagreement {
    /// Hosts and folders that are named twice.
    static func workspaces(_ given: SettingsGiven) -> [Disagreement] {
        guard let places = given[Known.workspaces] else { return [] }
        func twice(_ reason: String) -> Disagreement { Disagreement(name: Known.workspaces.name, reason: reason) }
        var found: [Disagreement] = []
        var hosts: Set<String> = []
        for host in (given[Known.mainHosts] ?? nil) ?? [] where !hosts.insert(host).inserted {
            found.append(Disagreement(name: Known.mainHosts.name, reason: "\(host) is named twice."))
        }
        // One folder may have several paths; what a path leads to is the same.
        var folders: [String: String] = [:]
        if let main = given[Known.data] { folders[real(DataFolder(main))] = "the main one" }
        for place in places {
            if !hosts.insert(place.host).inserted { found.append(twice("the host \(place.host) is named twice. Each leads to one workspace.")) }
            if let other = folders.updateValue(place.host, forKey: real(place.data)) {
                found.append(twice("\(place.folder) is the folder of \(place.host) and of \(other). Each workspace has its own."))
            }
            var isFolder: ObjCBool = false
            if FileManager.default.fileExists(atPath: place.data.path, isDirectory: &isFolder), !isFolder.boolValue {
                found.append(twice("\(place.folder) is a file; name a folder."))
            }
        }
        return found
    }

    fileprivate static func real(_ folder: DataFolder) -> String { URL(fileURLWithPath: folder.path).resolvingSymlinksInPath().path }
}

extension SettingsProblem {
    /// What workspaces share that each must have to itself: a page lists everything that lies in a folder of backups.
    static func shared(_ all: [ServedWorkspace]) -> [One] {
        var owners: [String: String] = [:]
        return all.compactMap { workspace in
            guard let folder = workspace.settings.given[Known.backupFolder] ?? nil else { return nil }
            let name = workspace.host ?? Installation.mainName
            guard let other = owners.updateValue(name, forKey: Disagreement.real(DataFolder(folder))) else { return nil }
            return .unusable(
                name: Known.backupFolder.name,
                reason: "\(folder) is that of \(other) too, and each would see the other's backups. Set it in the sightline.yaml of each.",
                at: .workspace(name))
        }
    }
}
