import Yams

/// What holds: each setting's value, from the first place that names it: flag, environment, file, standard.
struct Settings: Sendable {
    private var values: [String: any Sendable]

    subscript<Value>(_ setting: Setting<Value>) -> Value {
        guard let value = values[setting.name] as? Value else { preconditionFailure("every setting has a value once they were worked out") }
        return value
    }

    /// A settings file: its path for messages, and its text.
    struct File: Equatable {
        var path: String
        var text: String
        /// True for the data folder's own `sightline.yaml`.
        var inDataFolder = false
        /// True for that of another workspace's folder, which says nothing about the server.
        var isOfWorkspace = false
    }

    /// Works out what holds.
    /// - Parameters:
    ///   - flags: What the command line gave, by name of the setting.
    ///   - environment: All variables of the process. Those named `SIGHTLINE_…` must be settings, but for `SIGHTLINE_CONFIG`, which
    ///     names the file, and `SIGHTLINE_TEST_…`, which are the tests'; others mean nothing here.
    ///   - file: A YAML file of `name: value`, or nil.
    ///   - found: What is wrong already, to be told with the rest.
    ///   - isForServer: Whether files and folders that values name are looked at too: whether they are what a server needs.
    /// - Throws: ``SettingsProblem`` with everything that is wrong, not only the first.
    init(
        flags: [String: String] = [:], environment: [String: String] = [:], file: File? = nil, found: [SettingsProblem.One] = [],
        isForServer: Bool = false
    ) throws(SettingsProblem) {
        let (settings, problems) = Self.worked(out: flags, environment, file, found: found, isForServer: isForServer)
        guard problems.isEmpty else { throw SettingsProblem(all: problems) }
        self = settings
    }

    /// Works out what holds as far as it can be, and what is wrong. Settings with problems lack values: see ``given``.
    static func worked(
        out flags: [String: String], _ environment: [String: String], _ file: File?, found: [SettingsProblem.One] = [], isForServer: Bool
    ) -> (Settings, problems: [SettingsProblem.One]) {
        var problems = found
        let fromFile = file.map { read($0, &problems) } ?? [:]
        var settings = Settings(values: [:])
        var places: [String: SettingsProblem.Place] = [:]
        for setting in Known.all {
            let given: (text: String, place: SettingsProblem.Place)? =
                if let text = flags[setting.name] {
                    (text, .flag(setting.flag))
                } else if let text = environment[setting.environment] {
                    (text, .environment(setting.environment))
                } else {
                    fromFile[setting.name]
                }
            places[setting.name] = given?.place
            if let given {
                if let value = setting.value(of: given.text) {
                    settings.values[setting.name] = value
                } else {
                    // Of a list, what is right is looked at with the rest, so that one start tells of all mistakes.
                    settings.values[setting.name] = setting.sound(of: given.text)
                    if let wrong = setting.wrong(in: given.text) {
                        problems += wrong.map { .entry(name: setting.name, text: $0, takes: setting.takes, at: given.place) }
                    } else {
                        problems.append(.value(name: setting.name, text: given.text, takes: setting.takes, at: given.place))
                    }
                }
            } else {
                settings.values[setting.name] = setting.value(of: setting.standard)
            }
            if isForServer, let value = settings.values[setting.name], let reason = setting.fault(of: value) {
                problems.append(.unusable(name: setting.name, reason: reason, at: given?.place ?? .standard))
            }
        }
        if isForServer {
            problems += Disagreement.all(settings.given).map { .unusable(name: $0.name, reason: $0.reason, at: places[$0.name] ?? .standard) }
        }
        return (settings, problems + strangers(environment))
    }

    private init(values: [String: any Sendable]) { self.values = values }

    /// The values that are right by themselves; of a list that is not, the entries that are.
    var given: SettingsGiven { SettingsGiven(values: values) }

    /// What holds for another workspace of this server: what is of the server as here, the rest as flags, the environment and the
    /// folder's own file say.
    func workspace(
        _ place: WorkspacePlace, flags: [String: String], environment: [String: String], file: File?, found: [SettingsProblem.One]
    ) -> (Settings, problems: [SettingsProblem.One]) {
        let ofServer = Set(Known.all.filter(\.isOfServer).map(\.name))
        let variables = Set(Known.all.filter(\.isOfServer).map(\.environment))
        // What flags and environment say wrongly is told once, about the main folder.
        let (own, problems) = Self.worked(
            out: flags.filter { !ofServer.contains($0.key) }, environment.filter { !variables.contains($0.key) }, file, found: found,
            isForServer: true)
        var settings = own
        for name in ofServer { settings.values[name] = values[name] }
        settings.values[Known.data.name] = place.folder
        return (settings, problems.filter { $0.isOfFile })
    }

    /// A name in the environment that no setting has is a mistake that would have no effect.
    private static func strangers(_ environment: [String: String]) -> [SettingsProblem.One] {
        let known = Known.all.map(\.environment) + ["SIGHTLINE_CONFIG"]
        let given = environment.keys.filter { $0.hasPrefix("SIGHTLINE_") && !$0.hasPrefix("SIGHTLINE_TEST_") && !known.contains($0) }
        return given.sorted().map { name in
            // What all names begin with says nothing about which is meant.
            let rest = String(name.dropFirst("SIGHTLINE_".count)).replacing("_", with: "-").lowercased()
            let nearest = closest(to: rest, among: Known.all.map(\.name) + ["config"])
            return .unknown(name: name, at: .environment(name), suggestion: nearest.map { "SIGHTLINE_" + $0.uppercased().replacing("-", with: "_") })
        }
    }

    private static func read(_ file: File, _ problems: inout [SettingsProblem.One]) -> [String: (text: String, place: SettingsProblem.Place)] {
        let root: Node?
        do {
            root = try compose(yaml: file.text)
        } catch {
            problems.append(.unreadable(path: file.path, reason: "\(error)"))
            return [:]
        }
        guard let root, root.null == nil else { return [:] }
        guard case .mapping(let mapping) = root else {
            problems.append(.unreadable(path: file.path, reason: "it must be lines of `name: value`"))
            return [:]
        }
        var found: [String: (text: String, place: SettingsProblem.Place)] = [:]
        for (key, value) in mapping {
            let name = key.scalar?.string ?? "?"
            let place = SettingsProblem.Place.file(file.path, line: key.mark?.line ?? 0)
            guard let setting = Known.all.first(where: { $0.name == name }) else {
                problems.append(.unknown(name: name, at: place, suggestion: closest(to: name, among: Known.all.map(\.name))))
                continue
            }
            if file.isOfWorkspace, setting.isOfServer {
                problems.append(.ofServer(name: name, at: place))
            } else if file.inDataFolder, !setting.inDataFolder {
                problems.append(.notHere(name: name, at: place))
            } else if let scalar = value.scalar {
                found[name] = (scalar.string, place)
            } else if let words = value.sequence.map({ $0.map { $0.scalar?.string } }), !words.contains(nil) {
                found[name] = (words.isEmpty ? "none" : words.compactMap(\.self).joined(separator: ","), place)
            } else {
                problems.append(.value(name: name, text: "…", takes: setting.takes, at: place))
            }
        }
        return found
    }
}

/// The values of those settings that are right by themselves, while others may not be; of a list that is not, the entries that are.
struct SettingsGiven {
    fileprivate let values: [String: any Sendable]

    subscript<Value>(_ setting: Setting<Value>) -> Value? { values[setting.name] as? Value }
}

/// What is wrong with the settings: everything at once.
struct SettingsProblem: Error, Equatable {
    enum Place: Equatable {
        case flag(String)
        case environment(String)
        case file(String, line: Int)
        /// One of several workspaces, by its host.
        case workspace(String)
        /// Nobody said anything.
        case standard
    }
    enum One: Equatable {
        case unknown(name: String, at: Place, suggestion: String?)
        case value(name: String, text: String, takes: String, at: Place)
        /// One of several entries of a list.
        case entry(name: String, text: String, takes: String, at: Place)
        /// A setting that the data folder's own file cannot say.
        case notHere(name: String, at: Place)
        /// A setting that holds for the whole server, in the file of another workspace's folder.
        case ofServer(name: String, at: Place)
        case unreadable(path: String, reason: String)
        /// A value that is well formed, but with which a server on this machine cannot work.
        case unusable(name: String, reason: String, at: Place)

        /// Whether it is in a settings file, not in the flags or the environment.
        var isOfFile: Bool {
            switch self {
            case .unreadable: return true
            case .unknown(_, let place, _), .value(_, _, _, let place), .entry(_, _, _, let place), .notHere(_, let place), .ofServer(_, let place),
                .unusable(_, _, let place):
                if case .file = place { return true }
                return false
            }
        }
    }
    var all: [One]
}

extension SettingsProblem.Place: CustomStringConvertible {
    var description: String {
        switch self {
        case .flag(let name), .environment(let name): name
        case .file(let path, let line): "\(path), line \(line)"
        case .workspace(let host): "the workspace \(host)"
        case .standard: "the standard"
        }
    }
}

extension SettingsProblem: CustomStringConvertible {
    var description: String {
        let lines = all.map { one in
            switch one {
            case .unknown(_, .environment(let name), let suggestion):
                "There is no setting `\(name)`, which the environment has. "
                    + (suggestion.map { "Did you mean `\($0)`?" } ?? "`sightline serve --help` lists them.")
            case .unknown(let name, let place, let suggestion):
                "\(place): there is no setting `\(name)`. " + (suggestion.map { "Did you mean `\($0)`?" } ?? "`sightline serve --help` lists them.")
            case .value(let name, let text, let takes, let place): "\(place): \(name) cannot be `\(text)`; it takes \(takes)."
            case .entry(let name, "", let takes, let place): "\(place): \(name) has an empty entry: a comma too many. It takes \(takes)."
            case .entry(let name, let text, let takes, let place): "\(place): \(name) cannot have the entry `\(text)`; it takes \(takes)."
            case .notHere(let name, let place):
                "\(place): `\(name)` cannot stand in the data folder's own file. Use --\(name), the environment, or a file named by --config."
            case .ofServer(let name, let place):
                "\(place): `\(name)` holds for the whole server, not for one of its workspaces. Set it where the server's own settings are."
            case .unreadable(let path, let reason): "\(path): the settings cannot be read: \(reason)"
            case .unusable(let name, let reason, let place): "\(place): \(name): \(reason)"
            }
        }
        return lines.joined(separator: "\n")
    }
}

/// The word most like `word`, or nil when none is alike: at most a third of its letters are wrong.
func closest(to word: String, among words: [String]) -> String? {
    let scored = words.map { (word: $0, distance: editDistance(word.lowercased(), $0)) }
    guard let best = scored.min(by: { $0.distance < $1.distance }), best.distance <= max(2, best.word.count / 3) else { return nil }
    return best.word
}

/// How many letters must be put in, taken out, changed, or swapped with their neighbour to make one word of the other
/// (optimal string alignment).
func editDistance(_ a: String, _ b: String) -> Int {
    let a = Array(a)
    let b = Array(b)
    var before: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
        var row = [i + 1]
        for j in b.indices {
            var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, before[j - 1] + 1) }
            row.append(best)
        }
        before = last
        last = row
    }
    return last[b.count]
}
