import Foundation
import Kernel
import Testing

@testable import Collect

/// A mapping of one source `a.csv`, with lines added to the source and to its only event.
private func mapping(_ source: String = "", _ event: String = "") -> String {
    func indent(_ text: String, _ by: String) -> String { text.split(separator: "\n").map { by + $0 + "\n" }.joined() }
    return """
        mapping: m
        sources:
          - name: s
            file: a.csv
            key: id
            time: at
            ids: {user_id: who}
        \(indent(source, "    "))    events:
              - event: Done
        \(indent(event, "        "))
        """
}

@Suite struct `A mapping file` {
    private func problem(_ yaml: String) -> String {
        do throws(MappingProblem) {
            _ = try Mapping(yaml: yaml, path: "m.yaml")
            return ""
        } catch {
            return error.sentence
        }
    }

    @Test func `says where an unknown key stands and which was meant`() {
        #expect(problem(mapping("encodng: utf-8")) == "m.yaml:8:14: entry 1 of “sources” of the mapping has no “encodng”. Did you mean “encoding”?")
        #expect(problem(mapping("", "propertis: {}")).hasSuffix("Did you mean “properties”?"))
    }

    @Test func `says what is missing`() {
        #expect(problem("mapping: m\n") == "m.yaml:1:1: the mapping needs “sources”. Add it.")
        #expect(problem(mapping().replacing("time: at\n", with: "\n")).contains("event “Done” of source “s” needs “time”"))
        #expect(problem(mapping().replacing("ids: {user_id: who}", with: "")).contains("needs “ids”"))
    }

    @Test(arguments: [
        ("time_zone: Mars/North", "a name as Europe/London"), ("time_format: \"%Q\"", "%Y-%m-%d"), ("separator: x", "comma, semicolon"),
        ("direction: inn", "Did you mean “in”?"), ("currency: eur", "three capital letters"), ("fewest_columns: 0", "from 1 to"),
        ("encoding: utf-16", "one of a few words"),
    ])
    func `says what a value must be`(line: String, words: String) {
        #expect(problem(mapping(line)).contains(words), "\(problem(mapping(line)))")
    }

    @Test func `is refused when it is no YAML, with its line`() {
        #expect(problem("mapping: m\nsources: [").hasPrefix("m.yaml:3:1: this is no YAML"))
        #expect(problem("").contains("needs “mapping”"))
        #expect(problem("mapping: m\nmapping: n\nsources: []").contains("mapping"))
    }

    @Test func `gives each event of a source its own name`() {
        #expect(problem(mapping() + "      - event: Done\n").contains("“Done” stands twice. Give each event its own name."))
    }

    @Test func `names columns that a file has, or says which was meant`() throws {
        let files = try Files(["a.csv": "id,at,who,amount\n1,2026-01-01,ann,3\n"])
        #expect(throws: MappingProblem.self) { try files.imported(mapping("", "properties: {amount: amuont}")) }
        do {
            _ = try files.imported(mapping("", "properties: {amount: amuont}"))
        } catch let problem as MappingProblem {
            #expect(problem.sentence.contains("has no column “amuont”. Did you mean “amount”?"))
        }
    }

    @Test(arguments: [(";", "semicolon"), ("\t", "tab"), ("|", "bar")])
    func `says which separator a file seems to have`(letter: String, word: String) throws {
        let heading = ["id", "at", "who", "amount"].joined(separator: letter)
        let files = try Files(["a.csv": "\(heading)\n"])
        do {
            _ = try files.imported(mapping())
            Issue.record("the file has one column, and the mapping names others")
        } catch let problem as MappingProblem {
            #expect(
                problem.sentence.hasSuffix("Its first row is one column, “\(heading)”. Say `separator: \(word)` in the mapping."),
                "\(problem.sentence)")
        }
    }

    @Test func `knows the files it was given, or says so`() throws {
        let files = try Files(["b.csv": "id\n1\n"])
        let read = try Mapping(yaml: mapping(), path: "m.yaml")
        #expect(throws: MappingProblem.unknownFile(mapping: "m.yaml", file: files.path("b.csv"), known: ["a.csv"])) {
            try MappedImport(mapping: read, inputs: [files.path("b.csv")])
        }
        #expect(throws: MappingProblem.unknownFile(mapping: "m.yaml", file: "-", known: ["a.csv"])) { try MappedImport(mapping: read, inputs: ["-"]) }
        #expect(
            MappingProblem.unknownFile(mapping: "m.yaml", file: "-", known: ["a.csv"]).sentence
                == "Standard input has no name by which m.yaml would know what it is. Save it as a file that the mapping names: a.csv.")
        #expect(throws: MappingProblem.nothingToRead(mapping: "m.yaml", files: ["a.csv"])) {
            try MappedImport(mapping: read, inputs: [files.folder.path])
        }
    }
}

@Suite struct `Rows through a mapping` {
    @Test func `become items with identifiers, context, types and constants`() throws {
        let files = try Files(["a.csv": "id,at,who,mail,n,yes,day,odd\n7,2026-02-03T04:05:06Z, ann ,a@example.com,\"1,50\",Y,3 Feb 2026,\n"])
        let got = try files.imported(
            mapping(
                "channel: store",
                """
                ids: {email: mail, anonymous_id: odd}
                direction: {column: yes, values: {Y: in}}
                media: owned
                currency: EUR
                context: {campaign.name: {constant: spring}, locale: {constant: de}}
                traits: {first: who}
                properties:
                  n: {column: n, type: number, decimal_comma: yes}
                  yes: yes as yes-no
                  day: {column: day, type: time, time_format: "%d %b %Y", time_zone: Europe/Berlin}
                  label: {template: "{id}-{who}{odd?}"}
                  five: {constant: 5}
                  text: {constant: "5"}
                  missing: odd
                  other: {column: odd, default: none}
                """))
        #expect(got.notices.map(\.sentence) == [])
        let text = String(decoding: try #require(got.bytes.first), as: UTF8.self)
        #expect(
            text == """
                {"type":"track","messageId":"m:s:7:Done","event":"Done","timestamp":"2026-02-03T04:05:06.000Z","userId":"ann",\
                "context":{"channel":"store","locale":"de","direction":"in","media":"owned","campaign":{"name":"spring"},"traits":{"first":" ann "},\
                "externalIds":[{"id":"a@example.com","type":"email","collection":"users","encoding":"none"}]},\
                "properties":{"n":1.50,"yes":true,"day":"2026-02-02T23:00:00.000Z","label":"7- ann ","five":5,"text":"5","other":"none","currency":"EUR"}}
                """)
    }

    @Test func `are refused by themselves, with line, event and reason`() throws {
        let files = try Files([
            "a.csv":
                "id,at,who\n1,2026-01-01,ann\n2,soon,ann\n3,2026-01-01,\n,2026-01-01,bob\n1,2026-01-02,bob\n4,2026-01-01\n5,,bob\n6,2026-01-01,bob\n"
        ])
        let got = try files.imported(mapping())
        #expect(got.items.map(\.line) == [2, 9])
        #expect(got.refused.map(\.line) == [3, 4, 5, 6, 7, 8])
        #expect(
            got.refused.map(\.fault) == [
                .notA("time of the formats given", column: "column at", text: "soon"), .noIdentifier, .noKey("column id"), .repeatedKey("1"),
                .columns(found: 2, wanted: 3), .noTime(column: "column at"),
            ])
        #expect(got.refused[0].sentence == "Done: “soon” (column at) is no time of the formats given")
        #expect(got.progress.rows == 8 && got.progress.items == 2 && got.progress.refused == 6)
    }

    @Test func `become several events, each when its conditions hold`() throws {
        let files = try Files(["a.csv": "id,at,who,paid,kind,n\n1,2026-01-01,ann,2026-01-02,x,5\n2,2026-01-01,ann,,y,-1\n3,2026-01-01,ann,,C9,0\n"])
        let got = try files.imported(
            mapping(
                "leave_out: [{when: {kind: {starts_with: C}}, because: cancelled elsewhere}]",
                "when: {kind: [x, z], n: {more_than: 4, less_than: 6}}")
                + "      - {event: Paid, time: paid, when: {paid: not empty}}\n      - {event: Other, when: {kind: {is_not: x}, paid: empty}}\n")
        #expect(got.items.map(\.event) == ["Done", "Paid", "Other"])
        #expect(got.items.map(\.messageID) == ["m:s:1:Done", "m:s:1:Paid", "m:s:2:Other"])
        #expect(got.leftOut.map(\.sentence) == ["cancelled elsewhere"])
    }

    @Test func `look up single rows, rows of rows and lists`() throws {
        let files = try Files([
            "a.csv": "id,at,who\n1,2026-01-01,c1\n2,2026-01-01,c2\n",
            "people.csv": "\u{FEFF}nr;mail\nc1;ann@example.com\nc2;bob@example.com\nc1;second@example.com\n",
            "lines.csv": "order,sku,n,price\n1,a,2,1.25\n1,b,1,3\n1,a,4,0.5\n9,z,1,1\n",
            "goods.csv": "sku,name,group\na,Apple,fruit\nb,Bread,\n",
        ])
        let got = try files.imported(
            mapping(
                """
                look_ups:
                  person: {file: people.csv, key: nr, by: who, separator: semicolon}
                  lines: {file: lines.csv, key: order, by: id, many: yes}
                  goods: {file: goods.csv, key: sku, by: lines.sku}
                """,
                """
                ids: {user_id: person.mail}
                properties:
                  total: {sum: lines, of: [n, price]}
                  small: {count: lines, when: {n: {less_than: 3}}}
                  names: {list: lines, each: goods.name, distinct: yes}
                  products: {list: lines, each: {sku: sku, name: goods.name, group: goods.group, n: n as integer}}
                """))
        #expect(got.items.map(\.userID) == ["ann@example.com", "bob@example.com"])
        #expect(got.notices.map(\.fault) == [.repeatedLookUp("c1")])
        let properties = got.items.map { $0.properties as NSDictionary }
        #expect(
            properties[0] == [
                "total": 7.5, "small": 2, "names": ["Apple", "Bread"],
                "products": [
                    ["sku": "a", "name": "Apple", "group": "fruit", "n": 2], ["sku": "b", "name": "Bread", "n": 1],
                    ["sku": "a", "name": "Apple", "group": "fruit", "n": 4],
                ],
            ])
        #expect(properties[1] == ["total": 0, "small": 0])
    }

    @Test func `of a list are not read where there is no list`() throws {
        let files = try Files(["a.csv": "id,at,who\n1,2026-01-01,c1\n", "lines.csv": "order,sku\n1,a\n"])
        #expect(throws: MappingProblem.self) {
            try files.imported(mapping("look_ups: {lines: {file: lines.csv, key: order, by: id, many: yes}}", "properties: {sku: lines.sku}"))
        }
    }

    @Test func `of one key are put together, wherever they stand`() throws {
        let files = try Files([
            "a.csv": "id,at,who,n\n1,2026-01-01,ann,1\n2,2026-01-01,bob,2\n1,2026-01-01,ann,3\n,2026-01-01,ann,3\n2,x\n3,2026-01-01,cy,9\n"
        ])
        let got = try files.imported(mapping("group_by: id", "properties: {n: {list: rows, each: n as integer}, lines: {count: rows}}"))
        #expect(got.items.map(\.messageID) == ["m:s:2:Done", "m:s:1:Done", "m:s:3:Done"])
        #expect(got.items.first { $0.messageID == "m:s:1:Done" }?.properties["n"] as? [Int] == [1, 3])
        #expect(got.refused.map(\.line) == [5, 6])
        #expect(got.progress.bytes == got.progress.bytesTotal)
    }

    @Test func `that make too large an item go without what may be spared, or are refused`() throws {
        let lines = (1...50).map { "1,2026-01-01,ann,\($0),a name of some length\n" }.joined()
        let files = try Files(["a.csv": "id,at,who,n,name\n" + lines])
        let list = "properties: {products: {list: rows, each: {n: n as integer, name: name}, spare: name}}"
        let got = try files.imported(mapping("group_by: id", list), itemLimit: 1000)
        #expect(got.bytes.allSatisfy { $0.count <= 1000 })
        #expect((got.items.first?.properties["products"] as? [[String: Any]])?.map { $0.count } == Array(repeating: 1, count: 50))
        #expect(got.notices.map(\.kind) == [.note])
        let refused = try files.imported(mapping("group_by: id", list), itemLimit: 300)
        #expect(refused.items.isEmpty)
        guard case .tooLarge(let bytes, 300)? = refused.refused.first?.fault else {
            Issue.record("not refused for its size")
            return
        }
        let fits = try files.imported(mapping("group_by: id", list), itemLimit: bytes)
        #expect(fits.notices.isEmpty && fits.bytes.first?.count == bytes)
    }

    @Test func `that answer one another know their conversation and its customer`() throws {
        let files = try Files([
            "a.csv": """
            id,up,from,by,at
            1,,c1,in,2026-01-01
            2,1.0,shop,out,2026-01-01
            3,2.0,c2,in,2026-01-01
            4,3.0,shop,out,2026-01-01
            5,4.0,shop,out,2026-01-01
            6,99,shop,out,2026-01-01
            7,6,c3,in,2026-01-01
            8,9,shop,out,2026-01-01
            9,8,c4,in,2026-01-01

            """
        ])
        let got = try files.imported(
            """
            mapping: m
            sources:
              - name: s
                file: a.csv
                key: id
                threads: {talk: {id: id, parent: up as integer, person: from, when: {by: in}}}
                events:
                  - {event: Said, time: at, ids: {user_id: talk.person}, properties: {talk: talk.root}}
            """)
        #expect(got.items.map(\.userID) == ["c1", "c1", "c2", "c2", "c2", "c3", "c3", "c4", "c4"])
        #expect(got.items.map { $0.properties["talk"] as? String } == ["1", "1", "1", "1", "1", "6", "6", "8", "8"])
    }

    @Test func `whose key has several parts never share a messageId by chance`() throws {
        let files = try Files([
            "a.csv": "id,at,who,b\na/b,2026-01-01,ann,c\na,2026-01-01,ann,b/c\n\(String(repeating: "k", count: 130)),2026-01-01,ann,x\n"
        ])
        let got = try files.imported(mapping().replacing("key: id", with: "key: [id, b]"))
        #expect(got.items.map(\.messageID).prefix(2) == ["m:s:a%2Fb/c:Done", "m:s:a/b%2Fc:Done"])
        #expect(got.items.last?.messageID.utf8.count == "m:s::Done".utf8.count + 32)
    }

    @Test func `make every kind of call`() throws {
        let files = try Files(["a.csv": "id,at,who,old,team,city\n1,2026-01-01,ann,anon-1,t9,Leeds\n"])
        let got = try files.imported(
            mapping(
                "traits: {city: city}", "")
                    + """
                          - {call: identify}
                          - {call: page, name: Home}
                          - {call: screen}
                          - {call: group, ids: {group_id: team}}
                          - {call: alias, ids: {previous_id: old}}
                    """)
        #expect(got.items.map(\.type) == ["track", "identify", "page", "screen", "group", "alias"])
        #expect(got.items.map { ($0.object["traits"] as? [String: String])?["city"] } == [nil, "Leeds", nil, nil, "Leeds", nil])
        #expect((got.items[0].context["traits"] as? [String: String])?["city"] == "Leeds")
        #expect(got.items[2].object["name"] as? String == "Home")
        #expect(got.items[4].object["groupId"] as? String == "t9")
        #expect(got.items[5].object["previousId"] as? String == "anon-1")
    }
}

@Suite struct `Times in files` {
    private func read(_ format: String, _ text: String, _ zone: String = "UTC") throws -> String? {
        let format = try #require(TimeFormat(format))
        return format.read(Array(text.utf8)[...], zone: try #require(Zone(zone)))?.rfc3339
    }

    @Test func `are read by their format`() throws {
        #expect(try read("%a %b %d %H:%M:%S %z %Y", "Tue Oct 31 22:10:47 +0000 2017") == "2017-10-31T22:10:47.000Z")
        #expect(try read("%Y-%m-%d %H:%M:%S", "2017-07-09 21:57:05", "America/Sao_Paulo") == "2017-07-10T00:57:05.000Z")
        #expect(try read("iso", "2017-07-09T21:57:05.25+02:00", "Asia/Tokyo") == "2017-07-09T19:57:05.250Z")
        #expect(try read("iso", "2017-07-09 21:57:05", "+01:00") == "2017-07-09T20:57:05.000Z")
        #expect(try read("%d/%m/%y %I:%M %p", "1/2/09 12:05 am") == "2009-02-01T00:05:00.000Z")
        #expect(try read("seconds", "1500000000.5") == "2017-07-14T02:40:00.500Z")
        #expect(try read("milliseconds", "1500000000123") == "2017-07-14T02:40:00.123Z")
        #expect(try read("%Y%m%d", "20240229") == "2024-02-29T00:00:00.000Z")
    }

    @Test(arguments: ["2023-02-29 00:00:00", "2023-01-01 24:00:00", "2023-01-01 00:00", "2023-01-01 00:00:00x", "", "2023-13-01 00:00:00"])
    func `are refused when they are none`(text: String) throws {
        #expect(try read("%Y-%m-%d %H:%M:%S", text) == nil)
    }

    @Test func `that clocks show twice are the first, and that they never show are as before the change`() throws {
        #expect(try read("iso", "2026-10-25 01:30:00", "Europe/London") == "2026-10-25T00:30:00.000Z")
        #expect(try read("iso", "2026-03-29 01:30:00", "Europe/London") == "2026-03-29T01:30:00.000Z")
        #expect(try read("iso", "2026-03-29 02:30:00", "Europe/London") == "2026-03-29T01:30:00.000Z")
        #expect(try read("iso", "2026-01-15 12:00:00", "Europe/London") == "2026-01-15T12:00:00.000Z")
    }
}

@Suite struct `Numbers in files` {
    private func number(_ text: String, comma: Bool = false, whole: Bool = false) -> String? {
        var out: [UInt8] = []
        return Decimal.append(Array(text.utf8), comma: comma, whole: whole, to: &out) ? String(decoding: out, as: UTF8.self) : nil
    }

    @Test func `become numbers of JSON`() {
        #expect(number("007") == "7" && number("-0.50") == "-0.50" && number("+3") == "3" && number(".5") == "0.5" && number("5.") == "5")
        #expect(number("1e3") == "1e3" && number("0") == "0" && number("-1.5E-02") == "-1.5e-02")
        #expect(number("1.234,5", comma: true) == "1234.5")
        #expect(number("13085.0", whole: true) == "13085" && number("-12", whole: true) == "-12")
    }

    @Test(arguments: ["", "-", ".", "1,5", "1 2", "0x1", "1e", "nan", "12a", String(repeating: "1", count: 41)])
    func `are refused when they are none`(text: String) {
        #expect(number(text) == nil)
    }

    @Test func `with decimals are no integers`() {
        #expect(number("13085.5", whole: true) == nil && number("1e5", whole: true) == nil)
    }
}
