import Collect
import Identity
import Ledger
import Testing

@Suite struct `Channel, direction and media` {
    private func judged(_ fields: String, _ route: Route = .track, with made: Collector? = nil) throws -> String {
        let read = try record(route, "{\"userId\":\"u\",\(fields)}", with: made)
        let words = words(32, "kiosk")
        return "\(words.name(of: read.channel)) \(read.direction.name) \(read.media.name ?? "-")"
    }

    @Test(arguments: [
        (#""channel":"letter""#, "letter in -"), (#""channel":"EMAIL","direction":"out""#, "email out owned"),
        (#""channel":"store","media":"earned""#, "store in earned"),
        (#""channel":"server""#, "other in -"), (#""channel":"browser""#, "web in -"), (#""channel":"mobile""#, "app in -"),
        (#""channel":"""#, "other in -"),
        (#""context":{"channel":"chat","direction":"internal","media":"paid"}"#, "chat internal paid"),
        (#""channel":"sms","context":{"channel":"chat"}"#, "sms in -"),
        (#""channel":"phone","context":{"library":{"name":"analytics.js"}}"#, "phone in -"),
    ])
    func `given outright they stand`(fields: String, judgement: String) throws {
        #expect(try judged("\"event\":\"E\",\(fields)") == judgement)
    }

    @Test func `a word that nobody knows is refused with those that are known, and how to declare one`() throws {
        let refused = try refusal(.track, #"{"userId":"u","event":"E","channel":"smoke signal"}"#)
        #expect(refused.kind == "unknown-channel")
        #expect(refused.reason.contains("\"smoke signal\""))
        #expect(refused.reason.contains("other, web, app, email, sms, chat, phone, store, social, letter, push"))
        #expect(refused.reason.contains("declared:"))
        #expect(try refusal(.track, #"{"userId":"u","event":"E","channel":7}"#).kind == "wrong-type")
        let direction = try refusal(.track, #"{"userId":"u","event":"E","direction":"up"}"#)
        #expect(direction == ("unknown-word", "direction is \"up\"; it may be internal, in, out."))
        #expect(
            try refusal(.track, #"{"userId":"u","event":"E","context":{"media":"bought"}}"#).reason
                == "media is \"bought\"; it may be owned, earned, paid.")
    }

    @Test(arguments: [
        ("Email Sent", "email out owned"), ("email delivered", "email out owned"), ("Email Opened", "email in owned"),
        ("Email Link Clicked", "email in owned"),
        ("Email Bounced", "email internal -"), ("Email Received", "email in -"), ("SMS Sent", "sms out owned"), ("SMS Received", "sms in -"),
        ("Push Notification Received", "push out owned"), ("Push Notification Tapped", "push in owned"), ("Live Chat Message Sent", "chat in -"),
        ("Live Chat Message Received", "chat out owned"), ("Call Received", "phone in -"), ("Call Made", "phone out owned"),
        ("Store Visited", "store in -"),
        ("Social Mention Found", "social in earned"), ("Letter Sent", "letter out owned"), ("Letter Received", "letter in -"),
        ("Order Shipped", "other out -"),
        ("Order Delivered", "other out -"), ("Order Approved", "other internal -"), ("Order Completed", "other in -"),
        ("Application Opened", "app in -"),
        ("Install Attributed", "app internal -"), ("Emailed", "other in -"),
    ])
    func `the event's name says what it can`(event: String, judgement: String) throws {
        #expect(try judged("\"event\":\"\(event)\"") == judgement)
    }

    @Test(arguments: [
        (#"{"library":{"name":"analytics.js"}}"#, "web in -"), (#"{"library":{"name":"@segment/analytics-next"}}"#, "web in -"),
        (#"{"library":{"name":"analytics-ios"}}"#, "app in -"), (#"{"library":{"name":"analytics-kotlin"}}"#, "app in -"),
        (#"{"library":{"name":"@segment/analytics-react-native"}}"#, "app in -"), (#"{"library":{"name":"analytics-python"}}"#, "other in -"),
        (#"{"library":{"name":"analytics-python"},"page":{"url":"https://shop.example/"}}"#, "web in -"),
        (#"{"device":{"type":"Android"}}"#, "app in -"),
        (#"{"app":{"name":"Shop"}}"#, "app in -"), (#"{"userAgent":"Mozilla/5.0 (X11)"}"#, "web in -"), (#"{"userAgent":"curl/8"}"#, "other in -"),
        ("{}", "other in -"),
        (#"{"library":7,"device":[],"page":"x","app":true,"userAgent":{},"campaign":3}"#, "other in -"),
    ])
    func `else the library and what the context tells of the device`(context: String, judgement: String) throws {
        #expect(try judged("\"event\":\"E\",\"context\":\(context)") == judgement)
    }

    @Test(
        arguments: [
            (#"{"campaign":{"medium":"cpc"}}"#, "paid"), (#"{"campaign":{"medium":"Paid Social"}}"#, "paid"),
            (#"{"campaign":{"medium":"paid-search"}}"#, "paid"),
            (#"{"campaign":{"medium":"retargeting"}}"#, "paid"), (#"{"campaign":{"medium":"email"}}"#, "owned"),
            (#"{"campaign":{"medium":"E-Mail"}}"#, "owned"),
            (#"{"campaign":{"medium":"referral"}}"#, "earned"), (#"{"campaign":{"medium":"organic_social"}}"#, "earned"),
            (#"{"campaign":{"source":"Google Ads"}}"#, "paid"), (#"{"campaign":{"source":"newsletter-may"}}"#, "owned"),
            (#"{"campaign":{"medium":"zebra","source":"zoo"}}"#, nil), (#"{"page":{"search":"?a=1&gclid=Cj0"}}"#, "paid"),
            (#"{"page":{"url":"https://shop.example/?msclkid=x"}}"#, "paid"), (#"{"page":{"search":"?xgclid=Cj0"}}"#, nil),
            (#"{"page":{"referrer":"https://www.google.co.uk/"}}"#, "earned"),
            (#"{"page":{"referrer":"https://l.facebook.com/l.php?u=x"}}"#, "earned"),
            (#"{"page":{"referrer":"https://blog.elsewhere.example/post"}}"#, "earned"),
            (#"{"page":{"url":"https://www.shop.co.uk/a","referrer":"https://account.shop.co.uk/"}}"#, nil),
            (#"{"page":{"url":"https://www.shop.co.uk/a","referrer":"https://other.co.uk/"}}"#, "earned"),
            (#"{"page":{"url":"https://shop.example/a","referrer":"https://shop.example/b"}}"#, nil),
            (#"{"page":{"referrer":"https://www.paypal.com/checkout"}}"#, nil),
            (#"{"page":{"referrer":"http://localhost:3000/"}}"#, nil), (#"{"page":{"referrer":"android-app://com.google.android.gm/"}}"#, "earned"),
            (#"{"page":{"referrer":"$direct"}}"#, nil), (#"{"page":{"referrer":""}}"#, nil),
            (#"{"campaign":{"medium":"cpc"},"page":{"referrer":"https://www.google.com/"}}"#, "paid"),
        ] as [(String, String?)])
    func `media follow from campaign, click and referrer`(context: String, media: String?) throws {
        #expect(try judged("\"context\":\(context)", .page) == "web in \(media ?? "-")")
    }

    @Test func `the page's own properties tell where it was come from`() throws {
        #expect(try judged(#""properties":{"url":"https://shop.example/?gclid=1"}"#, .page) == "web in paid")
        #expect(try judged(#""properties":{"referrer":"https://duckduckgo.com/"}"#, .page) == "web in earned")
        #expect(
            try judged(#""properties":{"url":"https://shop.example/"},"context":{"page":{"referrer":"https://shop.example/"}}"#, .page) == "web in -")
    }

    @Test func `identify, group and alias turn to nobody`() throws {
        #expect(try judged(#""traits":{}"#, .identify) == "other internal -")
        #expect(try judged(#""groupId":"g""#, .group) == "other internal -")
        #expect(try judged(#""previousId":"p""#, .alias) == "other internal -")
    }

    @Test func `a company's rules come first, and its channels are known`() throws {
        let rules = ChannelRules(
            declared: ["kiosk"],
            events: [.init("Kiosk *", channel: "kiosk", direction: .out), .init("Page Viewed", media: .owned), .init("Email Sent", media: .paid)],
            libraries: [.init("till-sdk*", channel: "kiosk")], earned: .init(mediums: ["zebra"]))
        let made = try collector(.standard, rules.before(.standard), vocabulary: words(32, "kiosk"))
        #expect(try judged(#""event":"Kiosk Woken""#, with: made) == "kiosk out -")
        #expect(try judged(#""event":"E","context":{"library":{"name":"till-sdk-2"}}"#, with: made) == "kiosk in -")
        #expect(try judged(#""event":"E","channel":"Kiosk""#, with: made) == "kiosk in -")
        #expect(try judged(#""name":"x""#, .page, with: made) == "web in owned")
        #expect(try judged(#""event":"Email Sent""#, with: made) == "email out paid")
        #expect(try judged(#""event":"E","context":{"campaign":{"medium":"Zebra"}}"#, with: made) == "other in earned")
        #expect(try refusal(.track, #"{"userId":"u","event":"E","channel":"smoke"}"#, with: made).reason.contains("push, kiosk"))
    }

    @Test func `rules that name an undeclared channel make no collector`() {
        let rules = ChannelRules(events: [.init("A", channel: "kiosk")])
        #expect(throws: ChannelRulesProblem.undeclared("kiosk")) { try collector(.standard, rules) }
        #expect(throws: ChannelRulesProblem.badName("Kiosk 1")) { try collector(.standard, ChannelRules(declared: ["Kiosk 1"])) }
        // Declared, but the ledger has given it no code yet.
        #expect(throws: ChannelRulesProblem.undeclared("kiosk")) { try collector(.standard, ChannelRules(declared: ["kiosk"])) }
        #expect(ChannelRules.standard.problems() == [])
    }

    @Test(arguments: [
        ("Email *", "Email Sent", true), ("Email *", "email ", true), ("Email *", "Email", false), ("*", "", true), ("*", "x", true),
        ("a*b*c", "aXXbYYc", true),
        ("a*b*c", "abc", true), ("a*b*c", "acb", false), ("a*bb*b", "abbb", true), ("a*bb*b", "abb", false), ("", "", true), ("", "a", false),
        ("abc", "ABC", true),
        ("abc", "abcd", false), ("*ads", "googleads", true), ("*ab*ab*", "ab", false), ("*ab*ab*", "abab", true), ("ä*", "ärger", true),
    ])
    func `a star stands for any text`(pattern: String, text: String, matches: Bool) {
        #expect(Glob(pattern).matches(text) == matches)
    }
}
