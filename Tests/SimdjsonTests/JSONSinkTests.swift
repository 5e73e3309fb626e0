import Kernel
import Simdjson
import Testing

@Suite struct `JSON written from the tape` {
    @Test func `has no spaces and means the same`() throws {
        let text =
            "{ \"a\" : [ 1 , -2.5, true,false , null, \"x\\ny\\u0000\\\"\\\\/é\\ud83d\\ude00\" ] , \"b\" : { } , \"c\":[ ],\"\":18446744073709551615 }"
        let written = try JSONParser().parse(Array(text.utf8)) { root in
            var out = Array("before".utf8)
            root.minify(to: &out)
            return String(decoding: out, as: UTF8.self)
        }
        #expect(written == "before{\"a\":[1,-2.5,true,false,null,\"x\\ny\\u0000\\\"\\\\/é😀\"],\"b\":{},\"c\":[],\"\":18446744073709551615}")
    }

    @Test func `toJSON keeps all but whole numbers beyond Int64`() throws {
        let value = try JSONParser().parse(Array(#"{"a":[1,2.5,"x",null,true],"u":18446744073709551615}"#.utf8)) { $0.toJSON() }
        #expect(value == ["a": [1, 2.5, "x", .null, true], "u": 18446744073709551615.0])
    }

    @Test func `strings are escaped as JSONText escapes them, wherever the escape falls`() {
        var random = SeededRandom(seed: 7)
        for length in 0..<40 {
            for _ in 0..<50 {
                let bytes = (0..<length).map { _ -> UInt8 in
                    let c = UInt8(random.below(128))
                    return random.below(4) == 0 ? c : 97 + c % 26
                }
                var expected: [UInt8] = []
                bytes.withUnsafeBytes { JSONText.append($0, to: &expected) }
                var sink = JSONSink(capacity: 1)
                bytes.withUnsafeBytes { sink.string($0) }
                #expect(Array(sink.bytes) == expected)
            }
        }
    }

    @Test func `bytes beyond ASCII pass as they are`() {
        let text = Array("grün 漢字 😀 ÿÀÂ ﷽".utf8)
        var sink = JSONSink(capacity: 1)
        text.withUnsafeBytes { sink.string($0) }
        #expect(Array(sink.bytes) == [34] + text + [34])
    }

    @Test func `numbers are the shortest that read back the same`() {
        var random = SeededRandom(seed: 11)
        var cases: [Double] = [
            0, -0.0, 0.1, -0.1, 1e15, 1e16, 123456789.1234, 0.0001, 0.00001, 99999999999.9999, 1e-300, 1.7976931348623157e308,
            Double.leastNonzeroMagnitude, 0.30000000000000004,
            9_007_199_254_740_992, 1e21, 2.5, 1234.5678, 1234.56789,
        ]
        for _ in 0..<20_000 {
            cases.append(Double(bitPattern: random.next()))
            cases.append(Double(random.below(1_000_000_000)) / 100)
            cases.append(-Double(random.below(1_000_000_000)) / 10_000)
        }
        for value in cases where value.isFinite {
            var expected: [UInt8] = []
            JSONText.append(value, to: &expected)
            var sink = JSONSink(capacity: 1)
            sink.number(value)
            #expect(Array(sink.bytes) == expected)
            #expect(Double(String(decoding: sink.bytes, as: UTF8.self)) == value)
        }
    }

    @Test func `whole numbers of every length`() {
        var values: [UInt64] = [0, 9, 10, .max, .max - 1]
        var power: UInt64 = 1
        for _ in 0..<19 {
            values += [power, power - 1, power + 1]
            power &*= 10
        }
        values.append(power)
        for value in values {
            var sink = JSONSink(capacity: 1)
            sink.integer(value)
            #expect(String(decoding: sink.bytes, as: UTF8.self) == "\(value)")
        }
        for value in [Int64.min, -1, 0, .max] {
            var sink = JSONSink(capacity: 1)
            sink.integer(value)
            #expect(String(decoding: sink.bytes, as: UTF8.self) == "\(value)")
        }
    }
}
