import Kernel
import Simdjson
import Testing

@testable import Web

@Suite struct `Queries and encodings` {
    @Test func `names and values are decoded as forms encode them`() throws {
        let query = try Query("name=Order+Placed&name=%C3%84rger&flag&empty=&x=a%3Db")
        #expect(query.values("name") == ["Order Placed", "Ärger"])
        #expect(query.value("x") == "a=b")
        #expect(query.value("flag") == nil)
        #expect(query.value("empty") == nil)
        #expect(query.names == ["name", "name", "flag", "empty", "x"])
    }

    @Test(arguments: ["a=%", "a=%4", "a=%GG", "a=%FF"]) func `what is no percent-encoded UTF-8 is refused`(text: String) {
        #expect(throws: Problem.self) { try Query(text) }
    }

    @Test(arguments: [
        ("50", 50), ("99.90", 99.9), ("-3", -3), ("1.5e3", 1500), ("2E-2", 0.02), ("1e+12", 1e12), ("1e13", nil), ("nan", nil), ("inf", nil),
        ("0x1p3", nil), ("e", nil), ("", nil), ("12 GBP", nil),
    ])
    func `an amount is digits, also with a power of ten as programs write it`(text: String, amount: Double?) {
        #expect(ListQuery.amount(text) == amount)
    }

    @Test func `a whole number may have a fraction of nothing`() throws {
        let body = try JSON.parse(Array(#"{"a":5,"b":5.0,"c":5.5,"d":1e30,"e":"5"}"#.utf8))
        #expect(["a", "b", "c", "d", "e"].map { body[$0]?.whole } == [5, 5, nil, nil, nil])
    }

    @Test func `a plus is a space in a query and a plus in a path`() {
        #expect(Percent.decode("a+b", plusIsSpace: true) == "a b")
        #expect(Percent.decode("phone:+441632960000") == "phone:+441632960000")
    }

    @Test func `Base64 is read with and without padding, and nothing else`() {
        #expect(Base64.decode("a2V5Og==") == "key:")
        #expect(Base64.decode("a2V5Og") == "key:")
        #expect(Base64.decode("a2V5O") == nil)
        #expect(Base64.decode("a2V5*g==") == nil)
        #expect(Base64.decode("") == "")
        #expect(Base64.decode("/w==") == nil)
    }
}
