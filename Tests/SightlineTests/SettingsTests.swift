import ArgumentParser
import Foundation
import Kernel
import Testing

@testable import sightline

@Suite struct `The settings` {
    private func file(_ text: String, inDataFolder: Bool = true) -> Settings.File {
        .init(path: "sightline.yaml", text: text, inDataFolder: inDataFolder)
    }

    @Test func `a flag counts before the environment, that before the file, that before the standard`() throws {
        let file = file("port: 3\nhost: file\nqueue-bytes: 1 MB\n")
        let settings = try Settings(
            flags: ["port": "1"], environment: ["SIGHTLINE_PORT": "2", "SIGHTLINE_HOST": "env"], file: file)
        #expect(settings[Known.port] == 1)
        #expect(settings[Known.host] == "env")
        #expect(settings[Known.queueBytes] == 1 << 20)
        #expect(settings[Known.itemLimit] == 32 << 10)
    }

    @Test func `every standard is a value of its setting`() {
        for setting in Known.all { #expect(setting.value(of: setting.standard) != nil, "\(setting.name)") }
    }

    @Test func `everything that is wrong is said at once, with its place`() throws {
        let problem = try #require(throws: SettingsProblem.self) {
            try Settings(
                flags: ["port": "many"], environment: ["SIGHTLINE_THREADS": "-1"], file: file("host: a\nitme-limit: 5\ndata: /x\norigins: {a: b}\n"))
        }
        let text = problem.description
        for part in [
            "--port: port cannot be `many`", "SIGHTLINE_THREADS",
            "sightline.yaml, line 2: there is no setting `itme-limit`. Did you mean `item-limit`?",
            "sightline.yaml, line 3: `data` cannot stand in the data folder's own file", "sightline.yaml, line 4: origins",
        ] {
            #expect(text.contains(part), "\(part) in\n\(text)")
        }
        #expect(problem.all.count == 5)
    }

    @Test func `a name in the environment that is no setting is told with the one that was meant; the tests' own pass`() throws {
        let names = ["SIGHTLINE_TREADS", "SIGHTLINE_LOGLEVEL", "SIGHTLINE_WHATEVER"]
        let problem = try #require(throws: SettingsProblem.self) {
            try Settings(environment: Dictionary(uniqueKeysWithValues: names.map { ($0, "1") }))
        }
        #expect(problem.all.count == 3)
        for part in ["`SIGHTLINE_TREADS`", "`SIGHTLINE_THREADS`?", "`SIGHTLINE_LOG_LEVEL`?", "`SIGHTLINE_WHATEVER`"] {
            #expect(problem.description.contains(part), "\(part) in\n\(problem.description)")
        }
        _ = try Settings(environment: ["SIGHTLINE_TEST_BIN": "x", "SIGHTLINE_CONFIG": "y", "OTHER_THREADS": "z", "SIGHTLINE_PORT": "1"])
    }

    @Test func `the access log goes nowhere, to standard output or to a file`() throws {
        #expect(try Settings()[Known.accessLog] == nil)
        #expect(try Settings(flags: ["access-log": "-"])[Known.accessLog] == .standardOutput)
        #expect(try Settings(flags: ["access-log": "/var/log/a"])[Known.accessLog] == .file("/var/log/a"))
        #expect(throws: SettingsProblem.self) { try Settings(flags: ["access-log": ""]) }
    }

    @Test func `paths that a server cannot use are told with the rest, and a command does not mind them`() throws {
        let flags = ["port": "many", "access-log": "/no/such/folder/log", "resources": "/no/such"]
        let file = SettingsProblem.One.unreadable(path: "/etc/s.yaml", reason: "there is no such file.")
        let problem = try #require(throws: SettingsProblem.self) {
            try Settings(
                flags: flags, environment: ["SIGHTLINE_DATA": "/dev/null", "SIGHTLINE_NONE": "1"], found: [file], isForServer: true)
        }
        let text = problem.description
        for part in [
            "/etc/s.yaml: the settings cannot be read: there is no such file.", "--port: port cannot be `many`",
            "SIGHTLINE_DATA: data: /dev/null is a file", "--access-log: access-log: the access log cannot be opened: /no/such/folder",
            "--resources: resources: /no/such", "SIGHTLINE_NONE",
        ] {
            #expect(text.contains(part), "\(part) in\n\(text)")
        }
        #expect(problem.all.count == 6)
        _ = try Settings(flags: ["access-log": "/no/such/folder/log"])
    }

    @Test func `trusted proxies are addresses and ranges`() throws {
        let given = try Settings(flags: ["trusted-proxies": "127.0.0.1, 10.0.0.0/8,fd00::/8"])[Known.proxies]
        #expect(given == ["127.0.0.1", "10.0.0.0/8", "fd00::/8"].compactMap { AddressRange($0) })
        #expect(try Settings()[Known.proxies].isEmpty)
        for wrong in ["proxy.example", "10.0.0.1/8", "10.0.0.0/33", "127.0.0.1,", ""] {
            #expect(throws: SettingsProblem.self, "\(wrong)") { try Settings(flags: ["trusted-proxies": wrong]) }
        }
    }

    @Test func `a certificate and its key are set both or not at all, and only a server minds`() throws {
        for (name, missing) in [("tls-certificate", "tls-key"), ("tls-key", "tls-certificate")] {
            let problem = try #require(throws: SettingsProblem.self) { try Settings(flags: [name: "/no/such/file"], isForServer: true) }
            #expect(problem.all.count == 1)
            #expect(problem.description.contains("set `\(missing)` too"))
            _ = try Settings(flags: [name: "/no/such/file"])
        }
        let both = ["tls-certificate": "/no/such/file", "tls-key": "/no/such/key", "port": "many"]
        let problem = try #require(throws: SettingsProblem.self) { try Settings(flags: both, isForServer: true) }
        #expect(problem.all.count == 3)
        #expect(problem.description.contains("--tls-certificate: tls-certificate: /no/such/file cannot be read: No such file"))
        #expect(problem.description.contains("--tls-key: tls-key: /no/such/key cannot be read: No such file"))
    }

    @Test func `of a list the entries that are wrong are named, and the others are looked at too`() throws {
        let folder = try TemporaryFolder()
        try "itme-limit: 1\n".write(toFile: folder.path + "/sightline.yaml", atomically: true, encoding: .utf8)
        let flags = ["workspaces": "a.example=\(folder.path),brand-b,,c.example=/dev/null", "origins": "https://a.example,b.example"]
        let options = try DataOptions.parse(["--data", folder.path + "/main"])
        let problem = try #require(throws: SettingsProblem.self) { try options.workspaces(flags, environment: [:]) }
        let text = problem.description
        for part in [
            "--workspaces: workspaces cannot have the entry `brand-b`; it takes `host=folder`", "--workspaces: workspaces has an empty entry",
            "--origins: origins cannot have the entry `b.example`", "/dev/null is a file", "line 1: there is no setting `itme-limit`",
        ] {
            #expect(text.contains(part), "\(part) in\n\(text)")
        }
        #expect(problem.all.count == 5)
        #expect(!text.contains("the entry `a.example="), "what is right is not told")
        let alone = try #require(throws: SettingsProblem.self) { try Settings(flags: ["workspaces": "brand-b"]) }
        #expect(alone.description.contains("workspaces cannot be `brand-b`"))
    }

    @Test func `a folder for backups that cannot be written is refused, also one that is still to be made`() throws {
        let folder = try TemporaryFolder()
        try "x".write(toFile: folder.path + "/file", atomically: true, encoding: .utf8)
        // Nobody can make folders in /proc, the superuser neither.
        for (path, reason) in [
            (folder.path + "/file", "/file is a file; name a folder."), (folder.path + "/file/a/b", "/file is a file; name a folder."),
            ("/proc", "no backups can be made in /proc: "),
            ("/proc/no/such", "no backups can be made in /proc/no/such, which is not there: /proc: "),
        ] {
            let problem = try #require(throws: SettingsProblem.self) { try Settings(flags: ["backup-folder": path], isForServer: true) }
            #expect(problem.all.count == 1)
            #expect(problem.description.contains(reason), "\(problem.description)")
        }
        _ = try Settings(flags: ["backup-folder": folder.path + "/new/deep"], isForServer: true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["file"], "nothing is left behind")
    }

    @Test(arguments: [
        ("brand.example", "brand.example"), ("Brand-A.Example.", "brand-a.example"), ("localhost", "localhost"), ("a_b.example", "a_b.example"),
        ("10.0.0.1", "10.0.0.1"), ("", nil), ("a..b", nil), (".a", nil), ("-a.example", nil), ("a-.example", nil), ("a.example:80", nil),
        ("http://a.example", nil), ("a b", nil), ("bücher.example", nil), ("*.example", nil),
        (String(repeating: "a", count: 63), String(repeating: "a", count: 63)),
        (String(repeating: "a", count: 64), nil), (Array(repeating: "abc", count: 64).joined(separator: "."), nil),
    ])
    func `a host is a name and nothing more`(text: String, name: String?) { #expect(HostName.read(text) == name) }

    @Test func `what is of the server is the main folder's, of the rest each workspace has its own`() throws {
        let place = try #require(WorkspacePlace("a.example=/srv/a"))
        let (main, none) = Settings.worked(
            out: ["port": "1", "item-limit": "2 KB"], ["SIGHTLINE_READERS": "7"], file("queue-bytes: 1 MB\nthreads: 3\n"), isForServer: false)
        #expect(none.isEmpty)
        var own = file("queue-bytes: 2 MB\nitem-limit: 4 KB\nreaders: 9\n")
        own.isOfWorkspace = true
        let (settings, problems) = main.workspace(
            place, flags: ["port": "1", "item-limit": "2 KB"], environment: ["SIGHTLINE_READERS": "7"], file: own, found: [])
        #expect(problems.isEmpty)
        #expect(settings[Known.data] == "/srv/a")
        #expect(settings[Known.port] == 1 && settings[Known.threads] == 3, "of the server")
        #expect(settings[Known.itemLimit] == 2 << 10 && settings[Known.readers] == 7, "flags and environment come first here too")
        #expect(settings[Known.queueBytes] == 2 << 20, "its own file")
        let (bare, _) = main.workspace(place, flags: [:], environment: [:], file: nil, found: [])
        #expect(bare[Known.queueBytes] == 64 << 20, "the main folder's file says nothing about others")
    }

    @Test func `a workspace's file says nothing about the server, and what flags say wrongly is told once`() throws {
        var own = file("port: 9\nitme-limit: 1\nitem-depth: none\n")
        own.isOfWorkspace = true
        let place = try #require(WorkspacePlace("a.example=/srv/a"))
        let (_, problems) = try Settings().workspace(place, flags: ["item-limit": "x"], environment: ["SIGHTLINE_X": "1"], file: own, found: [])
        #expect(problems.count == 3)
        #expect(SettingsProblem(all: problems).description.contains("line 1: `port` holds for the whole server"))
    }

    @Test func `a file that is no YAML, or none of settings, is told`() {
        for text in ["a: [", "- a\n- b", "just text"] {
            #expect(throws: SettingsProblem.self) { try Settings(file: file(text)) }
        }
    }

    @Test func `an empty file says nothing`() throws {
        for text in ["", "# nothing\n", "---\n"] { #expect(try Settings(file: file(text))[Known.port] == 8080) }
    }

    @Test func `a list is apart by commas or a sequence, and none is empty`() throws {
        #expect(
            try Settings(file: file("origins: [https://a.example, https://b.example]"))[Known.origins] == ["https://a.example", "https://b.example"])
        #expect(try Settings(flags: ["origins": "https://a.example, https://b.example"])[Known.origins].count == 2)
        #expect(try Settings(flags: ["origins": "none"])[Known.origins] == [])
        #expect(throws: SettingsProblem.self) { try Settings(flags: ["origins": "a.example"]) }
    }

    @Test(arguments: [("32 KB", 32 << 10), ("4MB", 4 << 20), ("1500", 1500), ("1 gb", 1 << 30), ("7 b", 7)])
    func `sizes have units of 1024`(text: String, bytes: Int) {
        #expect(Measure.read(text, Measure.byteUnits) == bytes)
    }

    @Test(arguments: ["", "KB", "-1 KB", "1.5 MB", "1 parsec", "9999999999 GB", "１ KB"])
    func `what is no size is none`(text: String) {
        #expect(Measure.read(text, Measure.byteUnits) == nil)
    }

    @Test func `a time needs its unit`() throws {
        #expect(try Settings(flags: ["dedupe-window": "12 h"])[Known.dedupeWindow] == 43_200_000)
        #expect(throws: SettingsProblem.self) { try Settings(flags: ["dedupe-window": "30"]) }
    }

    @Test func `serve has a flag for every setting`() throws {
        var words: [String] = []
        for setting in Known.all { words += [setting.flag, setting.standard] }
        let serve = try #require(try Sightline.parseAsRoot(["serve"] + words) as? Serve)
        let given = serve.flags
        for setting in Known.all where setting.name != "data" { #expect(given[setting.name] == setting.standard, "\(setting.name)") }
        #expect(serve.folder.data == Known.data.standard)
    }

    @Test func `docs/configuration.md says what the declarations say`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(contentsOf: root.appendingPathComponent("docs/configuration.md"), encoding: .utf8)
        #expect(page == Settings.documentation, "make it again: sightline document-settings > docs/configuration.md")
    }
}
