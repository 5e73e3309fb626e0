import Kernel
import Testing

@testable import Collect

@Suite struct `Reading CSV` {
    @Test(arguments: ["a,b\r\n1,2\r\n", "a,b\n1,2\n", "a,b\n1,2", "\u{FEFF}a,b\n1,2", "a,b\r1,2\r", "a,b\n\n\r\n1,2\n\n"])
    func `takes every end of line, a byte order mark and blank lines`(text: String) throws {
        #expect(try readCSV(text).rows == [["a", "b"], ["1", "2"]])
    }

    @Test func `quoted fields hold separators, line breaks and quotes`() throws {
        let read = try readCSV("a,b\n\"x,\"\"y\"\"\",\"one\r\ntwo\n\"\n3,\"\"\n4,5")
        #expect(read.rows == [["a", "b"], ["x,\"y\"", "one\r\ntwo\n"], ["3", ""], ["4", "5"]])
        #expect(read.lines == [1, 2, 5, 6])
        #expect(read.faults.isEmpty)
    }

    @Test func `a quote within a field without quotes is a letter`() throws {
        #expect(try readCSV("5\" nails,x\"\n").rows == [["5\" nails", "x\""]])
    }

    @Test func `a quote that is never closed costs one line`() throws {
        let read = try readCSV("a,b\n1,\"2\n3,4\n5,6\n")
        #expect(read.rows == [["a", "b"], ["3", "4"], ["5", "6"]])
        #expect(read.faults == [2: .openQuote(field: 2)])
        #expect(read.lines == [1, 3, 4])
    }

    @Test func `letters behind a closing quote are reported and not guessed`() throws {
        let read = try readCSV("\"1\"x,2\n3,4\n")
        #expect(read.faults == [1: .textAfterQuote(field: 1)])
        #expect(read.rows == [["3", "4"]])
    }

    @Test func `a row of a mebibyte is read, and one byte more is not`() throws {
        let widest = CSVReader.rowLimit - 2
        let edge = try readCSV(String(repeating: "x", count: widest) + "\nlast,1\n")
        #expect(edge.rows.map(\.count) == [1, 2])
        let over = try readCSV("\"" + String(repeating: "x\n", count: CSVReader.rowLimit / 2 + 200_000) + "\nlast,1\n")
        #expect(over.faults[1] == .tooLong(limit: CSVReader.rowLimit))
        #expect(over.rows.last == ["last", "1"])
        let long = try readCSV(String(repeating: "x", count: 3 * CSVReader.rowLimit) + "\nlast,1\n")
        #expect(long.faults == [1: .tooLong(limit: CSVReader.rowLimit)])
        #expect(long.rows == [["last", "1"]])
        #expect(long.lines == [2])
    }

    @Test func `bytes that are no UTF-8 are refused, and read as Windows 1252 when the mapping says so`() throws {
        let bytes = Array("a,caf".utf8) + [0xE9, 10] + Array("b,".utf8) + [0x80, 10]
        let read = try readCSV(bytes)
        #expect(read.faults == [1: .notUTF8(field: 2), 2: .notUTF8(field: 2)])
        #expect(try readCSV(bytes, encoding: .windows1252).rows == [["a", "café"], ["b", "€"]])
    }

    @Test func `a letter cut in two by a separator is not UTF-8`() throws {
        #expect(try readCSV([0xC3, 44, 0xA9, 10]).faults == [1: .notUTF8(field: 1)])
    }

    @Test func `UTF-16 is named as what it is`() throws {
        let files = try Files()
        let path = try files.add("wide.csv", [0xFF, 0xFE, 97, 0, 44, 0])
        #expect(throws: FileProblem.wideText(path: path)) {
            var reader = try CSVReader(path: path)
            var row = CSVRow()
            _ = try reader.next(&row)
        }
    }

    @Test func `where the chunks of the file end does not matter`() throws {
        // Writes random tables and reads them back; sizes are such that quotes, line ends and letters fall on the edges of chunks.
        var random = SeededRandom(seed: 7)
        let parts = ["", "a", "é", "\"", ",", "\n", "\r\n", "😀", "plain words", "x\"y"]
        for _ in 0..<3 {
            var rows: [[String]] = []
            var text = ""
            while text.utf8.count < FileBytes.chunk + 4000 {
                var row: [String] = []
                for _ in 0..<3 { row.append((0...random.below(4)).map { _ in parts[random.below(parts.count)] }.joined()) }
                rows.append(row)
                text += row.map { "\"" + $0.replacing("\"", with: "\"\"") + "\"" }.joined(separator: ",") + (random.below(2) == 0 ? "\n" : "\r\n")
            }
            let read = try readCSV(text)
            #expect(read.rows == rows)
            #expect(read.faults.isEmpty)
        }
    }
}
