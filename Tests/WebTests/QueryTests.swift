import Kernel
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
