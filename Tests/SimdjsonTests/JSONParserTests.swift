import Kernel
import Simdjson
import Testing

@Suite struct `JSON parser` {
    @Test func `reads every kind of value without copying strings`() throws {
        let text = #"{"s":"käse","i":-7,"u":18446744073709551615,"d":1.5,"t":true,"f":false,"n":null,"a":[1,[2,{}],"x"],"o":{"p":{"q":3}}}"#
        try JSONParser().parse(Array(text.utf8)) { root in
            #expect(root.kind == .object)
            #expect(root.count == 9)
            #expect(root["s"]?.string == "käse")
            #expect(root["s"]?.stringBytes?.count == 5)
            #expect(root["i"]?.int64 == -7)
            #expect(root["i"]?.uint64 == nil)
            #expect(root["u"]?.int64 == nil)
            #expect(root["u"]?.uint64 == .max)
            #expect(root["d"]?.double == 1.5)
            #expect(root["d"]?.int64 == nil)
            #expect(root["t"]?.bool == true)
            #expect(root["f"]?.bool == false)
            #expect(root["n"]?.isNull == true)
            #expect(root["a"]?.elements.map(\.kind) == [.integer, .array, .string])
            #expect(root["o"]?["p"]?["q"]?.int64 == 3)
            #expect(root["missing"] == nil)
            #expect(root[named: "d"]?.double == 1.5)
            #expect(root.members.map { String(decoding: $0.key, as: UTF8.self) } == ["s", "i", "u", "d", "t", "f", "n", "a", "o"])
        }
    }

    @Test func `a scalar is a document too`() throws {
        #expect(try JSONParser().parse(Array("17".utf8)) { $0.int64 } == 17)
        #expect(try JSONParser().parse(Array(" \"a\" ".utf8)) { $0.string } == "a")
        #expect(try JSONParser().parse(Array("17".utf8)) { $0.members.map { _ in 1 }.count + $0.elements.map { _ in 1 }.count } == 0)
    }

    @Test(arguments: [
        ("", JSONParseError.empty), (" \n ", .empty), ("{\"a\":1", .syntax), ("{\"a\" 1}", .syntax), ("[1,]", .syntax), ("nul", .syntax),
        ("[1] x", .syntax),
        ("[123456789012345678901234567890]", .number), ("[1e999]", .number), ("[-]", .number), ("[01]", .number), ("[\"\\q\"]", .string),
        ("[\"\\ud800\"]", .string), ("[\"\u{1}\"]", .string),
    ])
    func `says why it refuses`(text: String, error: JSONParseError) {
        #expect(throws: error) { try JSONParser().parse(Array(text.utf8)) { _ in } }
    }

    @Test func `refuses bytes that are not UTF-8`() {
        #expect(throws: JSONParseError.utf8) { try JSONParser().parse([0x22, 0xff, 0x22]) { _ in } }
    }

    @Test(arguments: [4, 32, 100]) func `takes the depth it is given and not one more, at any length`(depth: Int) throws {
        let parser = JSONParser(depth: depth)
        for padding in [0, 20_000, 100_000] {
            let spaces = String(repeating: " ", count: padding)
            let deepest = String(repeating: "[", count: depth) + "1" + spaces + String(repeating: "]", count: depth)
            try parser.parse(Array(deepest.utf8)) { #expect($0.flaw(depth: depth) == nil) }
            try parser.parse(Array(deepest.utf8)) { #expect($0.flaw(depth: depth - 1) == .tooDeep(limit: depth - 1)) }
            #expect(throws: JSONParseError.tooDeep(limit: depth)) { try parser.parse(Array("[\(deepest)]".utf8)) { _ in } }
        }
    }

    @Test func `parses where the bytes lie when enough can be read behind them`() throws {
        let text = Array(#"{"a":"b"} garbage behind it that is no JSON at all and is never looked at; it only has to be there, 64 bytes of it"#.utf8)
        let parser = JSONParser()
        try text.withUnsafeBytes { bytes in
            let value = try parser.document(UnsafeRawBufferPointer(rebasing: bytes[..<9]), readableBehind: bytes.count - 9)
            #expect(value["a"]?.string == "b")
        }
    }

    @Test func `a pool lends parsers to many threads at once`() async {
        let pool = JSONParserPool()
        await withTaskGroup(of: Int64?.self) { group in
            for i in 0..<64 {
                group.addTask { try? pool.borrow { try $0.parse(Array("{\"n\":\(i)}".utf8)) { $0["n"]?.int64 } } }
            }
            var sum: Int64 = 0
            for await n in group { sum += n ?? -1000 }
            #expect(sum == 64 * 63 / 2)
        }
    }
}

@Suite struct `JSON flaws` {
    private func flaw(_ text: String, depth: Int = 64, members: Int = .max) throws -> JSONFlaw? {
        try JSONParser(depth: 100).parse(Array(text.utf8)) { $0.flaw(depth: depth, members: members) }
    }

    @Test func `a key that stands twice in one object is found at any depth`() throws {
        #expect(try flaw(#"{"a":1,"b":2,"a":3}"#) == .duplicateKey("a"))
        #expect(try flaw(#"{"x":[{"y":{"long-key-of-many-bytes":1,"b":2,"long-key-of-many-bytes":3}}]}"#) == .duplicateKey("long-key-of-many-bytes"))
        #expect(try flaw(#"{"a":1,"\u0061":3}"#) == .duplicateKey("a"))
        #expect(try flaw(#"{"":1,"":3}"#) == .duplicateKey(""))
    }

    @Test func `the same key in different objects is none`() throws {
        #expect(try flaw(#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}],"A":1,"aa":2}"#) == nil)
        #expect(try flaw(#"{"abcdefgh1":1,"abcdefgh2":2,"1abcdefgh":3,"abcdefgh":4}"#) == nil)
    }

    @Test(arguments: [2, 63, 64, 65, 500, 5000]) func `large objects are searched as surely as small ones`(count: Int) throws {
        let keys = (0..<count).map { "\"key number \($0)\":\($0)" }
        #expect(try flaw("{\(keys.joined(separator: ","))}") == nil)
        for twin in [0, count / 2, count - 1] {
            #expect(try flaw("{\(keys.joined(separator: ",")),\"key number \(twin)\":0}") == .duplicateKey("key number \(twin)"))
        }
    }

    @Test func `members are counted to the limit`() throws {
        #expect(try flaw(#"{"o":{"a":1,"b":2,"c":3}}"#, members: 3) == nil)
        #expect(try flaw(#"{"o":{"a":1,"b":2,"c":3}}"#, members: 2) == .tooManyMembers(3, limit: 2))
    }
}
