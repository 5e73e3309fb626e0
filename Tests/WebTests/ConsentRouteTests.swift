import Access
import Audit
import Kernel
import Testing

@testable import Web

@Suite(.timeLimit(.minutes(15))) struct `Consent over the API` {
    @Test func `a word is written down, read back, and stands in the audit log without its wording`() async throws {
        try await TestServer.run { (server) async throws in
            let sent = try await server.send(
                "POST", "/v1/track?wait=view", headers: [TestServer.basic(try server.key())],
                json: #"{"userId": "ann", "event": "Email Unsubscribed"}"#)
            #expect(sent.status == 200)
            let path = "/api/customers/user_id:ann/consents"
            let before = try await server.send("GET", path, as: .analyst)
            #expect(before.status == 200 && before.text.contains(#""purpose":"marketing","channel":"email","given":false"#), "\(before.text)")
            let body = #"{"purpose": "surveys", "given": true, "channel": "sms", "method": "phone", "wording": "May we?"}"#
            let refused = try await server.send("POST", path, as: .analyst, json: body)
            #expect(refused.status == 403)
            let made = try await server.send("POST", path, as: .agent, json: body)
            #expect(made.status == 201 && made.text.contains(#""wording":"May we?""#))
            let entries = try server.services.audit.entries(AuditFilter(action: .consent), limit: 10)
            #expect(entries.count == 1 && entries[0].subject.hasPrefix("cus_") && entries[0].detail == "given")
            for (wrong, status) in [
                (#"{"purpose": "x"}"#, 400), (#"{"given": true}"#, 400), (#"{"purpose": "x", "given": true, "channel": "telegraph"}"#, 422),
                (#"{"purpose": "x", "given": "yes"}"#, 400),
            ] {
                let answer = try await server.send("POST", path, as: .agent, json: wrong)
                #expect(answer.status == status, "\(wrong)")
            }
            let nobody = try await server.send("GET", "/api/customers/user_id:nobody/consents", as: .agent)
            #expect(nobody.status == 404)
        }
    }
}
