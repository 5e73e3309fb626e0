import Foundation
import Testing

@testable import Definitions

/// A kind that a company has many of, with all sorts of settings.
struct Recipe: Definition, Equatable {
    enum Taste: String, CaseIterable { case sweet, sour }
    static let kind = "recipe"
    static let summary = "A dish."
    static let isKeyed = true
    var name = "?"
    var taste = Taste.sweet
    var minutes: Int? = 10
    var hot = false
    var parts: [String] = []
    var steps: [String] = []

    init(reading reader: Reader) {
        name = reader.required("name", reader.text("name", 1...10), example: "Soup") ?? name
        taste = reader.choice("taste") ?? taste
        if let minutes = reader.whole("minutes", in: 1...90, or: "none") { self.minutes = minutes }
        hot = reader.flag("hot") ?? hot
        parts = reader.texts("parts", count: 0...3, example: "salt")?.map(\.text) ?? []
        steps = reader.mappings("steps") { $0.text("do") ?? "" } ?? []
    }
    func write(to yaml: inout YAMLText) { yaml.put("name", name) }
}

@Suite struct `A blueprint` {
    let kinds = DefinitionKinds([WorkspaceDefinition.self, Recipe.self])

    func blueprint(_ files: [String: String]) -> (blueprint: Blueprint, told: [String]) {
        let findings = Findings()
        let blueprint = Blueprint(files: files.map { ($0.key, Array($0.value.utf8)) }, findings)
        kinds.check(blueprint, findings)
        return (blueprint, findings.all.map(\.description))
    }

    @Test func `of no files has the defaults`() {
        let (blueprint, told) = blueprint([:])
        #expect(told == [])
        #expect(blueprint.definition(WorkspaceDefinition.self) == WorkspaceDefinition.standard)
        #expect(WorkspaceDefinition.standard.country == "US")
    }

    @Test func `with several kinds in one file is told of that and of all else that is wrong in it`() {
        let (_, told) = blueprint([
            "all.yaml": "workspace:\n  country: XX\nrecipe:\n  key: soup\n  nmae: Soup\n", "soup.yaml": "recipe:\n  key: soup\n  name: Soup\n",
            "bare.yaml": "name: Example Shop\ncountry: GB\n",
        ])
        for part in ["all.yaml:1:1: one key at the top", "all.yaml:2:12: workspace.country", "there is no nmae", "stands in all.yaml too"] {
            #expect(told.contains { $0.contains(part) }, "\(part) in \(told)")
        }
        // Settings without their kind are one mistake, not two.
        #expect(told.filter { $0.hasPrefix("bare.yaml") }.count == 1)
    }

    @Test func `is read from all its files`() {
        let (blueprint, told) = blueprint([
            "workspace.yaml": "workspace:\n  owner: ann\n  name: Example Shop\n  country: GB\n  time_zone: Europe/London\n  languages: [en, cy]\n",
            "recipes/soup.yaml":
                "recipe:\n  key: soup\n  name: Soup\n  taste: sour\n  minutes: none\n  hot: true\n  parts: [salt]\n  steps:\n    - do: stir\n",
        ])
        #expect(told == [])
        #expect(blueprint.documents.map(\.id.description) == ["recipe/soup", "workspace"])
        #expect(blueprint["workspace"]?.owner == "ann")
        #expect(blueprint.definition(WorkspaceDefinition.self).timeZone == "Europe/London")
        let soup = blueprint.definitions(Recipe.self)
        #expect(soup.map(\.key) == ["soup"])
        #expect(soup[0].definition.minutes == nil && soup[0].definition.hot && soup[0].definition.steps == ["stir"])
    }

    @Test func `tells all that is wrong in all files at once`() {
        let (_, told) = blueprint([
            "a.yaml": "recipe:\n  key: Soup\n  nmae: x\n  taste: swete\n  minutes: 91\n  hot: yes\n  parts: salt\n  steps:\n    - dO: x\n",
            "b.yaml": "workspace:\n  country: uk\n  time_zone: Europe/Londn\n  languages: [english]\n  name:\n",
            "c.yaml": "workspce:\n  name: x\n",
            "d.yaml": "name: x\ncountry: GB\n",
            "e.yaml": "- a\n",
            "f.yaml": "workspace:\n  key: x\n",
            "g.yaml": "recipe:\n  name: An egg, boiled\n  minutes: soon\n  parts: [a, b, c, d]\n",
            "h.yaml": "a: [\n",
        ])
        #expect(
            told == [
                "a.yaml:2:3: recipe: name is missing; write name: Soup",
                "a.yaml:2:8: recipe.key: Soup is no key; write small letters a to z, digits and _, beginning with a letter: soup",
                "a.yaml:3:3: recipe: there is no nmae; did you mean name?",
                "a.yaml:4:10: recipe.taste: swete is none of sweet, sour; did you mean sweet?",
                "a.yaml:5:12: recipe.minutes: 91 is out of range; write a number from 1 to 90",
                "a.yaml:6:8: recipe.hot: expected true or false, found the text yes; write hot: true",
                "a.yaml:7:10: recipe.parts: expected a list of texts, found the text salt; write parts: ['salt']",
                "a.yaml:9:7: recipe.steps[1]: there is no dO; did you mean do?",
                "b.yaml:2:12: workspace.country: uk is no country; write two letters (ISO 3166-1), as GB, DE or BR",
                "b.yaml:3:14: workspace.time_zone: Europe/Londn is no time zone; did you mean Europe/London?",
                "b.yaml:4:15: workspace.languages: english is no language; write a BCP 47 tag, as en, pt-BR or zh-Hant",
                "b.yaml:5:8: workspace.name: expected a text, found nothing; write name: Example Shop, or remove the line",
                "c.yaml:1:1: there is no kind of definition workspce; did you mean workspace?",
                "d.yaml:1:1: one key at the top says what kind of definition this is; found name, country; write for example `workspace:` and everything else below it, indented; another kind goes into a file of its own",
                "e.yaml:1:1: one key at the top says what kind of definition this is; found a list; write for example `workspace:` and everything else below it, indented",
                "f.yaml:2:3: workspace: a company has one workspace, so it has no key; remove key",
                "g.yaml:2:3: recipe: key is missing; write key: a_name, which stays the same when everything else changes",
                "g.yaml:2:9: recipe.name: may have 1 to 10 characters, has 14; shorten it",
                "g.yaml:3:12: recipe.minutes: expected a whole number or none, found the text soon; write minutes: 1 or minutes: none",
                "g.yaml:4:10: recipe.parts: may have 0 to 3 entries, has 4; keep the most important ones",
                "h.yaml:2:1: a value is missing, or a bracket is not closed; write the value, or close the bracket",
            ])
    }

    @Test func `has one document of each kind and key`() {
        let (blueprint, told) = blueprint(["a.yaml": "workspace:\n  name: A\n", "b.yaml": "workspace:\n  name: B\n"])
        #expect(told == ["b.yaml:1:1: workspace stands in a.yaml too; bring both together in one file"])
        #expect(blueprint.definition(WorkspaceDefinition.self).name == "A")
    }

    @Test func `a document with nothing below its kind is the default`() {
        #expect(blueprint(["a.yaml": "workspace:\n"]).told == [])
        #expect(
            blueprint(["a.yaml": "workspace: 7\n"]).told == [
                "a.yaml:1:12: workspace: expected a mapping, found the number 7; write `key: value` below it, indented"
            ])
    }

    @Test func `differs from another by documents added, changed, rewritten and removed`() {
        let old = blueprint([
            "a.yaml": "workspace:\n  name: A\n  country: GB\n", "b.yaml": "recipe: {key: soup, name: Soup}\n",
            "c.yaml": "recipe: {key: egg, name: Egg}\n",
        ]).blueprint
        let new = blueprint([
            "x/a.yaml": "workspace: # ours\n  country: 'GB'\n  name: A\n", "b.yaml": "recipe: {key: soup, name: Broth}\n",
            "d.yaml": "recipe: {key: pie, name: Pie}\n",
        ]).blueprint
        #expect(
            new.changes(from: old).map { "\($0.id) \($0.what)" } == [
                "recipe/egg removed", "recipe/pie added", "recipe/soup changed", "workspace rewritten",
            ])
        #expect(new.changes(from: new) == [])
    }

    @Test func `is written out with its defaults and reads back the same`() throws {
        let complete = kinds.complete(blueprint(["b.yaml": "recipe: {key: soup, name: Soup}\n"]).blueprint)
        #expect(complete.documents.map(\.id.description) == ["recipe/soup", "workspace"])
        #expect(complete.definition(WorkspaceDefinition.self) == WorkspaceDefinition.standard)
        let folder = FileManager.default.temporaryDirectory.appending(path: "sightline-blueprint-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try complete.write(folder: folder)
        let findings = Findings()
        let read = try Blueprint.read(folder: folder, findings)
        #expect(findings.isEmpty)
        #expect(read.changes(from: complete) == [])
    }

    @Test func `a folder's hidden files, links and other files are passed over, and .yml is told`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sightline-blueprint-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder + "/.git/x", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: folder + "/sub", withIntermediateDirectories: true)
        for (name, text) in [(".git/x/a.yaml", "["), ("README.md", "["), (".b.yaml", "["), ("c.yml", "["), ("sub/w.yaml", "workspace: {name: W}")] {
            try text.write(toFile: "\(folder)/\(name)", atomically: false, encoding: .utf8)
        }
        try FileManager.default.createSymbolicLink(atPath: folder + "/loop", withDestinationPath: folder)
        let findings = Findings()
        let read = try Blueprint.read(folder: folder, findings)
        #expect(read.documents.map(\.file) == ["sub/w.yaml"])
        #expect(findings.all.map(\.description) == ["c.yml:1:1: files of definitions are named .yaml; rename it to c.yaml"])
        #expect(throws: BlueprintProblem.noFolder(path: folder + "/none")) { try Blueprint.read(folder: folder + "/none", Findings()) }
        #expect(throws: BlueprintProblem.noFolder(path: folder + "/c.yml")) { try Blueprint.read(folder: folder + "/c.yml", Findings()) }
    }

    @Test(arguments: [
        "plain words", "", " ", "yes", "No", "null", "~", "007", "-1", "a: b", "a #b", "it's", "^\\d+$", "[a]", "*x", "&x", "line\nbreak", "\u{1}",
        "\u{85}",
        "tab\there", "ends ", "ünï", "\"", "🙂", "\u{2028}", "%x", "@x", "- x", "a,b",
    ])
    func `a text is written so that it reads back as the same text`(text: String) throws {
        var yaml = YAMLText()
        yaml.mapping("recipe") { yaml in
            yaml.put("one", text)
            yaml.put("many", [text, text])
            yaml.put("more", Array(repeating: text + "a long one that does not fit on the line", count: 4))
        }
        let findings = Findings()
        let node = try #require(YAMLReading.read(Array(yaml.text.utf8), file: "a.yaml", findings))
        guard case .mapping(let top) = node.content else { return }
        _ = Reader.read(top[0].value, path: "recipe", findings) { reader in
            #expect(reader.text("one", 0...100) == text)
            #expect(reader.texts("many", length: 0...100)?.map(\.text) == [text, text])
            #expect(reader.texts("more", length: 0...100)?.first?.text == text + "a long one that does not fit on the line")
        }
        #expect(findings.all.map(\.description) == [])
    }

    @Test(arguments: ["one", "two\nlines", "an empty\n\nline", "  indented\n  twice", "ends\n", "a: b\n# c\n\n\n- d"])
    func `a block of text in a list reads back as the same text`(text: String) throws {
        var yaml = YAMLText()
        yaml.mapping("recipe") { yaml in
            yaml.list("steps", [text, "last"]) { step, yaml in
                yaml.put("name", "A step")
                yaml.block("say", step)
            }
        }
        let findings = Findings()
        let node = try #require(YAMLReading.read(Array(yaml.text.utf8), file: "a.yaml", findings))
        guard case .mapping(let top) = node.content else { return }
        _ = Reader.read(top[0].value, path: "recipe", findings) { reader in
            let read = reader.mappings("steps") { step in (step.text("name"), step.text("say", 0...100)) }
            #expect(read?.compactMap(\.1) == [text, "last"], "\(yaml.text)")
        }
        #expect(findings.all.map(\.description) == [])
    }

    @Test(arguments: [("GB", true), ("NO", true), ("gb", false), ("UK", false), ("ZZ", false), ("GBR", false), ("", false)])
    func `a country is two letters that phone numbers are known of`(text: String, known: Bool) {
        #expect(WorkspaceDefinition.isCountry(text) == known)
    }

    @Test(arguments: [
        ("UTC", true), ("Europe/London", true), ("America/Argentina/Buenos_Aires", true), ("EST", false), ("GMT+3", false), ("Europe/Nowhere", false),
        ("../../etc/passwd", false), ("/etc/passwd", false), ("", false),
    ])
    func `a time zone is a place of the IANA database`(text: String, known: Bool) {
        #expect(WorkspaceDefinition.isTimeZone(text) == known)
    }

    @Test(arguments: [("GBP", true), ("BRL", true), ("gbp", false), ("GB", false), ("QQQ", false), ("", false)])
    func `a currency is three letters of ISO 4217`(text: String, known: Bool) {
        #expect(WorkspaceDefinition.isCurrency(text) == known)
    }

    @Test func `which interactions are orders, and their currency, are read, and what is none is told with its mending`() {
        let read = blueprint(["workspace.yaml": "workspace:\n  orders: [Order Completed, 'Bought: in store']\n  currency: GBP\n"])
        #expect(read.1 == [])
        let company = read.0.definition(WorkspaceDefinition.self)
        #expect(company.orders == ["Order Completed", "Bought: in store"] && company.currency == "GBP")
        #expect(WorkspaceDefinition.standard.orders == ["Order Completed"] && WorkspaceDefinition.standard.currency == nil)
        let (wrong, told) = blueprint(["workspace.yaml": "workspace:\n  orders: []\n  currency: eur\n"])
        #expect(told.contains { $0.contains("eur is no currency") && $0.contains("write EUR") })
        #expect(told.contains { $0.contains("may have 1 to 50 entries, has 0") })
        #expect(wrong.definition(WorkspaceDefinition.self).orders == ["Order Completed"])
    }

    @Test(arguments: [
        ("en", true), ("pt-BR", true), ("zh-Hant-TW", true), ("es-419", true), ("english", false), ("xx", false), ("EN", false), ("en-", false),
        ("", false),
    ])
    func `a language is a BCP 47 tag`(text: String, known: Bool) {
        #expect(WorkspaceDefinition.isLanguage(text) == known)
    }
}
