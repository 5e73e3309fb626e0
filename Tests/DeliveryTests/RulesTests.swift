import Definitions
import Foundation
import Kernel
import Store
import Testing

@testable import Delivery

@Suite struct `When a message is tried again` {
    @Test func `after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h, and then no more`() {
        let waits = (1...RetrySchedule.mostAttempts).map { RetrySchedule.wait(after: $0, chance: 0.5) }
        #expect(waits == [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400].map { $0 * 1_000 } + [nil])
        #expect(RetrySchedule.mostAttempts == 10)
    }

    @Test func `a tenth earlier at the least and a tenth later at the most`() {
        #expect(RetrySchedule.wait(after: 1, chance: 0) == 4_500)
        #expect(RetrySchedule.wait(after: 1, chance: 0.999_999) == 5_500)
    }

    @Test func `no earlier than the receiver asks, up to a day`() {
        #expect(RetrySchedule.wait(after: 1, asked: 90_000, chance: 0.5) == 90_000)
        #expect(RetrySchedule.wait(after: 1, asked: 1_000, chance: 0.5) == 5_000)
        #expect(RetrySchedule.wait(after: 1, asked: 86_400_000, chance: 0.5) == 86_400_000)
        #expect(RetrySchedule.wait(after: 1, asked: 86_400_001, chance: 0.5) == 86_400_000)
        #expect(RetrySchedule.wait(after: 10, asked: 1_000, chance: 0.5) == nil)
    }

    @Test func `whoever fails again and again is asked once a minute at the most`() {
        #expect((0...9).map { RetrySchedule.rest(after: $0) } == [0, 1, 2, 4, 8, 16, 32, 60, 60, 60].map { $0 * 1_000 })
        #expect(RetrySchedule.rest(after: 1, asked: 3_600_000) == 3_600_000)
    }

    @Test func `Retry-After is seconds or a date, and no more than a day`() {
        let now = Instant(milliseconds: 1_790_000_000_000)
        #expect(RetrySchedule.asked(seconds: 120, at: nil, now: now) == 120_000)
        #expect(RetrySchedule.asked(seconds: .max, at: nil, now: now) == 86_400_000)
        #expect(RetrySchedule.asked(seconds: -5, at: nil, now: now) == 0)
        #expect(RetrySchedule.asked(seconds: nil, at: now + 90_000, now: now) == 90_000)
        #expect(RetrySchedule.asked(seconds: nil, at: now + -90_000, now: now) == 0)
        #expect(RetrySchedule.asked(seconds: nil, at: nil, now: now) == nil)
    }
}

@Suite struct `Which addresses messages may go to` {
    @Test(arguments: [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1",
        "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255",
        "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "100::1", "fc00::1",
        "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1", "2001::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1", "4000::1",
    ])
    func `none that is private, local, multicast or otherwise special`(text: String) throws {
        #expect(!Reach().contains(try #require(IPAddress(text))))
    }

    @Test(arguments: [
        "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0",
        "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "::ffff:8.8.8.8",
        "2000::1", "2001:200::1", "2606:4700::1111", "2a00:1450::1", "3ffe::1",
    ])
    func `any that is public, right up to the special ones`(text: String) throws {
        #expect(Reach().contains(try #require(IPAddress(text))))
    }

    @Test(arguments: [("10.20.255.255", true), ("::ffff:10.20.0.1", true), ("10.21.0.0", false), ("127.0.0.1", false)])
    func `a network that is allowed, and nothing beside it`(text: String, mayBe: Bool) throws {
        let reach = Reach(allowed: [try #require(AddressRange("10.20.0.0/16"))])
        #expect(reach.contains(try #require(IPAddress(text))) == mayBe)
    }
}

@Suite struct `The definition of a webhook` {
    private func findings(_ text: String, also others: [String: String] = [:]) -> [String] {
        let findings = Findings()
        let files = [("webhook/crm.yaml", Array(text.utf8))] + others.map { ($0.key + ".yaml", Array($0.value.utf8)) }
        let blueprint = Blueprint(files: files.map { (name: $0.0, bytes: $0.1) }, findings)
        for document in blueprint.documents where document.id.kind == "webhook" { _ = document.read(WebhookDefinition.self, findings) }
        WebhookDefinition.check(blueprint, findings)
        return findings.all.map(\.description)
    }
    private func webhook(url: String = "https://crm.example.com/hooks", interactions: String = "[Audience Entered]", more: String = "") -> String {
        "webhook:\n  key: crm\n  name: CRM\n  url: '\(url)'\n  interactions: \(interactions)\n\(more)"
    }

    @Test(arguments: [
        "https://crm.example.com", "HTTPS://crm.example.com:65535/a?b=c", "http://127.0.0.1:1/", "http://[2001:db8::1]:8080/x",
        "https://xn--bcher-kva.example",
    ])
    func `takes addresses by http and https`(url: String) { #expect(WebhookDefinition.fault(of: url) == nil) }

    @Test(arguments: [
        ("ftp://crm.example.com", "begins with https"), ("crm.example.com", "begins with https"), ("https://ann:secret@crm.example.com", "no user"),
        ("https://token@crm.example.com/", "no user"), ("https://crm.example.com/#part", "never sent"), ("https://", "no host"),
        ("https://:443/", "no host"), ("https://crm.example.com:0/", "port"), ("https://crm.example.com:65536/", "port"),
        ("https://crm.example.com:x/", "port"), ("https://bücher.example", "ASCII"), ("https://crm.example.com/a b", "no spaces"),
        ("https://[::zz]/", "no host"), ("https://crm.example.com\\@evil.example/", "\\"), ("https://a/\\b", "\\"),
        ("https://2001:db8::1/", "no host"),
    ])
    func `refuses what is no such address`(url: String, words: String) {
        #expect(WebhookDefinition.fault(of: url)?.contains(words) == true, "\(WebhookDefinition.fault(of: url) ?? "nothing")")
    }

    @Test func `has an address of 2,000 characters at most`() {
        let longest = "https://crm.example.com/" + String(repeating: "a", count: 1_976)
        #expect(longest.count == 2_000)
        #expect(findings(webhook(url: longest)) == [])
        #expect(findings(webhook(url: longest + "a")).first?.contains("1 to 2000 characters, has 2001") == true)
    }

    @Test func `names 1 to 50 interactions, each once`() {
        let fifty = (1...50).map { "E\($0)" }.joined(separator: ", ")
        #expect(findings(webhook(interactions: "[\(fifty)]")) == [])
        #expect(findings(webhook(interactions: "[\(fifty), E51]")).first?.contains("1 to 50 entries, has 51") == true)
        #expect(findings(webhook(interactions: "[]")).first?.contains("1 to 50 entries, has 0") == true)
        #expect(findings(webhook(interactions: "[A, B, A]")).first?.contains("A stands here twice") == true)
    }

    @Test func `says which audiences only where audiences are told of, and only those that there are`() {
        let audience = ["audience/buyers": "audience:\n  key: buyers\n  name: Buyers\n  who: did(any)\n"]
        #expect(findings(webhook(more: "  audiences: [buyers]\n"), also: audience) == [])
        let wrong = findings(webhook(more: "  audiences: [byers]\n"), also: audience)
        #expect(wrong.count == 1 && wrong[0].contains("there is no audience byers; did you mean buyers?"), "\(wrong)")
        let useless = findings(webhook(interactions: "[Order Completed]", more: "  audiences: [buyers]\n"), also: audience)
        #expect(useless.first?.contains("neither Audience Entered nor Audience Left") == true)
    }

    @Test func `stands a hundred times at the most`() {
        func many(_ count: Int) -> [String: String] {
            Dictionary(uniqueKeysWithValues: (1..<count).map { ("webhook/h\($0)", webhook().replacing("key: crm", with: "key: h\($0)")) })
        }
        #expect(findings(webhook(), also: many(100)) == [])
        #expect(findings(webhook(), also: many(101)).first?.contains("there are 101 of them, and at most 100 may be") == true)
    }

    @Test func `reads back what it writes`() throws {
        var made = WebhookDefinition.standard
        made.name = "CRM"
        made.url = "https://crm.example.com/?a=b"
        made.interactions = ["Audience Entered", "Stage Changed"]
        made.audiences = ["buyers"]
        made.isEnabled = false
        let yaml = made.yaml.replacing("webhook:\n", with: "webhook:\n  key: crm\n")
        let findings = Findings()
        let read = Blueprint(files: [("webhook/crm.yaml", Array(yaml.utf8))], findings).definitions(WebhookDefinition.self, findings)
        #expect(findings.all.map(\.description) == [] && read.first?.definition == made)
    }
}

@Suite struct `What a message says` {
    @Test(arguments: [
        ("Audience Entered", "audience.entered"), ("Order Completed", "order.completed"), ("order_completed", "order_completed"),
        ("  Page -- Viewed (2) ", "page.viewed.2"), ("Café Besucht", "cafe.besucht"), ("注文", "interaction"), ("", "interaction"),
        ("!", "interaction"),
    ])
    func `has a type made of the interaction's name`(name: String, type: String) { #expect(WebhookPayload.eventType(of: name) == type) }

    // The signatures were worked out by Python's hmac.
    @Test func `is signed by HMAC-SHA256 over id, time and body, once for each secret`() {
        let header = WebhookSignature.header(
            id: "msg_1", timestamp: 1_777_802_400, body: Array(#"{"type":"test"}"#.utf8), keys: [Array(0..<32), Array(100..<132)])
        #expect(header == "v1,DGCB302KpkqDzyc/J+TJr10mNxrkUqGGdOozYqP/G1w= v1,J/4Bs70lQT4OIPNbkvvPRrRlXIr6V6yadTjXLE1q1/o=")
    }
}

@Suite struct `The secrets of webhooks` {
    private let start = Instant(milliseconds: 1_790_000_000_000)

    private func opened(_ path: String) throws -> (Store, WebhookSecrets) {
        let store = try Store(path: path, migrations: WebhookSecrets.migrations, isDurable: true)
        return (store, try WebhookSecrets(store: store, randomness: Randomness { count in (0..<count).map { _ in UInt8.random(in: 0...255) } }))
    }

    @Test func `are the same after a restart, and others for every webhook and in every folder`() throws {
        let (first, second) = (TemporaryFile(), TemporaryFile())
        let (store, secrets) = try opened(first.path)
        let crm = secrets.secret(of: "crm")
        #expect(crm.hasPrefix("whsec_") && crm.count == 6 + 44 && crm != secrets.secret(of: "mail"))
        try store.close()
        let (again, reopened) = try opened(first.path)
        #expect(reopened.secret(of: "crm") == crm && reopened.name("crm", 7) == secrets.name("crm", 7))
        let (other, others) = try opened(second.path)
        #expect(others.secret(of: "crm") != crm && others.name("crm", 7) != secrets.name("crm", 7))
        try again.close()
        try other.close()
    }

    @Test func `after a change both sign, for 24 hours and not a moment longer`() throws {
        let file = TemporaryFile()
        let (store, secrets) = try opened(file.path)
        let old = secrets.keys(of: "crm", at: start)
        try secrets.change("crm", at: start)
        let both = secrets.keys(of: "crm", at: start + 86_399_999)
        #expect(old.count == 1 && both.count == 2 && both[1] == old[0] && both[0] != old[0])
        #expect(secrets.previous(of: "crm", at: start + 86_399_999)?.until == start + 86_400_000)
        #expect(secrets.keys(of: "crm", at: start + 86_400_000) == [both[0]] && secrets.previous(of: "crm", at: start + 86_400_000) == nil)
        try secrets.change("crm", at: start + 1_000)
        #expect(secrets.keys(of: "crm", at: start + 1_001).count == 2 && !secrets.keys(of: "crm", at: start + 1_001).contains(old[0]))
        try store.close()
    }
}

/// A path that is removed when nobody needs it any more.
final class TemporaryFile {
    let path = NSTemporaryDirectory() + "sightline-" + UUID().uuidString + ".db"
    deinit { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) } }
}
