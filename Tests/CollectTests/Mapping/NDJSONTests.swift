import Foundation
import Testing

@testable import Collect

@Suite struct `Reading NDJSON` {
    private func read(_ text: String, itemLimit: Int = 32 * 1024) throws -> (
        items: [String], lines: [Int], refused: [Int: RowFault], progress: ImportProgress
    ) {
        let files = try Files()
        let reader = try NDJSONImport(files: [files.add("a.ndjson", Array(text.utf8))], itemLimit: itemLimit)
        var items: [String] = []
        var lines: [Int] = []
        var refused: [Int: RowFault] = [:]
        while let step = try reader.next() {
            switch step {
            case .item(let item):
                items.append(String(decoding: item.bytes, as: UTF8.self))
                lines.append(item.line)
            case .notice(let notice): refused[notice.line] = notice.fault
            case .reading: break
            }
        }
        return (items, lines, refused, reader.progress)
    }

    @Test func `an item with a messageId passes as it is, one without gets that of its content`() throws {
        let got = try read("{\"messageId\":\"a\",\"type\":\"track\"}\r\n\n {\"type\":\"page\"} \n{\"type\":\"page\"}\n{\"messageId\":null}\n{}")
        #expect(got.items[0] == "{\"messageId\":\"a\",\"type\":\"track\"}")
        #expect(got.items[1].hasPrefix("{\"messageId\":\"ndjson:") && got.items[1].hasSuffix("\",\"type\":\"page\"}"))
        #expect(got.items[1] == got.items[2])
        #expect(got.lines == [1, 3, 4, 5, 6])
        #expect(got.progress.bytes == got.progress.bytesTotal && got.progress.items == 5)
        for item in got.items { #expect((try? JSONSerialization.jsonObject(with: Data(item.utf8))) != nil) }
    }

    @Test func `a bad line is refused by its number and the rest is read`() throws {
        let got = try read("{\"a\":1}\n{\"a\":}\n[1]\nnonsense\n{\"a\":1}x\n{\"a\":\"b}\n{\"a\":1}\n")
        #expect(got.lines == [1, 7])
        #expect(got.refused[2] == .notJSON("a value was expected", at: 5))
        #expect(got.refused[3] == .notObject)
        #expect(got.refused.keys.sorted() == [2, 3, 4, 5, 6])
    }

    @Test(arguments: [
        "{\"a\":01}", "{\"a\":1.}", "{\"a\":\"\\x\"}", "{\"a\":\"\\u12g4\"}", "{a:1}", "{\"a\" 1}", "{\"a\":1,}", "{\"a\":[1,]}", "{\"a\":tru}",
        "{\"a\":-}",
        "{\"a\":1e}", "{\"a\":\"\t\"}", "{", "{\"a\":[",
    ])
    func `what JSON does not allow is not taken`(text: String) throws {
        #expect(try read(text).items.isEmpty)
    }

    @Test func `nests 64 levels deep and not 65`() throws {
        func nested(_ depth: Int) -> String { "{\"a\":" + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}" }
        #expect(try read(nested(64)).items.count == 1)
        #expect(try read(nested(65)).items.isEmpty)
        #expect(try read(nested(100_000)).items.isEmpty)
    }

    @Test func `an item may be as large as the limit and no larger`() throws {
        let item = "{\"messageId\":\"a\",\"x\":\"" + String(repeating: "y", count: 77) + "\"}"
        #expect(item.utf8.count == 101)
        #expect(try read(item, itemLimit: 101).items == [item])
        #expect(try read(item, itemLimit: 100).refused[1] == .tooLarge(bytes: 101, limit: 100))
        let long = "{\"x\":\"" + String(repeating: "y", count: 3 << 20) + "\"}\n{\"a\":1}\n"
        let got = try read(long)
        #expect(got.refused == [1: .lineTooLong(limit: 1 << 20)])
        #expect(got.lines == [2])
    }
}

@Suite struct `Bodies of an import` {
    private func item(_ text: String, _ line: Int) -> ImportItem { ImportItem(bytes: Array(text.utf8), file: "f", line: line) }

    @Test func `are as large as allowed and remember the lines of their items`() throws {
        // {"batch":[ and ]} are 12 bytes, two items of 7 and a comma 15.
        for (limit, sizes) in [(27, [2, 2, 1]), (26, [1, 1, 1, 1, 1]), (35, [3, 2])] {
            var bodies = ImportBodies(limit: limit)
            var made: [ImportBodies.Body] = []
            for line in 1...5 { if let body = bodies.add(item("{\"a\":\(line)}", line)) { made.append(body) } }
            if let body = bodies.finish() { made.append(body) }
            #expect(made.map(\.origins.count) == sizes)
            #expect(made.flatMap { $0.origins.map(\.line) } == [1, 2, 3, 4, 5])
            for body in made {
                #expect(body.bytes.count <= limit)
                let object = try JSONSerialization.jsonObject(with: Data(body.bytes)) as? [String: [Any]]
                #expect(object?["batch"]?.count == body.origins.count)
            }
            #expect(bodies.finish() == nil)
        }
    }

    @Test func `hold no more items than allowed`() {
        var bodies = ImportBodies(most: 2)
        #expect(bodies.add(item("{}", 1)) == nil && bodies.add(item("{}", 2)) == nil)
        #expect(bodies.add(item("{}", 3))?.origins.count == 2)
    }
}
