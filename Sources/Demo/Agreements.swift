import Kernel

/// Something that people agree to or not: by which channel we may reach them, and for what.
enum Agreement: UInt8, CaseIterable, Sendable {
    case email, text, push, letter, call, surveys

    /// As `Consent Given` names them.
    var channel: StaticString {
        switch self {
        case .email, .surveys: "email"
        case .text: "sms"
        case .push: "push"
        case .letter: "letter"
        case .call: "phone"
        }
    }
    var purpose: StaticString { self == .surveys ? "surveys" : "marketing" }

    /// What they agreed to, in the words they were shown.
    var wording: StaticString {
        switch self {
        case .email: "Send me letters of news by e-mail."
        case .text: "Tell me about sales by text message."
        case .push: "Show me news in the app."
        case .letter: "Send me the catalogue by post."
        case .call: "You may ring me about offers."
        case .surveys: "You may ask me by e-mail how it went."
        }
    }

    /// Of a hundred of those who are asked when they become known, how many agree; letters of news are decided by who wants them.
    fileprivate func share(_ person: Person) -> Double {
        switch self {
        case .email: person.kind == .store && person.hasEmail ? 0.6 : person.kind == .phone && person.hasEmail ? 0.4 : 0
        case .text: person.phone >= 0 && person.mobile ? 0.35 : 0
        case .push: person.flags.contains(.app) ? 0.45 : 0
        case .letter: person.kind == .store ? 0.5 : person.kind == .phone ? 0.55 : 0.16
        case .call: person.phone >= 0 ? (person.kind == .phone ? 0.3 : 0.06) : 0
        case .surveys: person.hasEmail ? 0.55 : 0
        }
    }
    /// Of those who agreed, how many take it back in the end: letters of news by the link that is in each.
    fileprivate var takenBack: Double {
        switch self {
        case .email: 0
        case .text: 0.14
        case .push: 0.22
        case .letter: 0.05
        case .call: 0.25
        case .surveys: 0.09
        }
    }
}

extension Births {
    /// What somebody agrees to when they say who they are, and takes back later. It has chances of its own, so that everything else in the
    /// world stays as it is.
    func agree(_ life: inout Life) {
        let person = life.person
        guard person.kind != .visitor, let joined = life.joined else { return }
        var random = SeededRandom(seed: seed &* 0xA24B_AED4_963E_E407 &+ UInt64(person.index))
        let wants = person.flags.contains(.news) || life.hasUnsubscribed
        var at = joined.at
        for agreement in Agreement.allCases {
            // Each draws as often, whatever it is, so that one share may change without the others.
            let (roll, back, wait) = (random.unit(), random.unit(), random.unit())
            guard agreement == .email && wants || roll < agreement.share(person) else { continue }
            at += 1
            life.mark(.agreed, at, device: joined.device, detail: agreement.rawValue, way: joined.way)
            guard back < agreement.takenBack else { continue }
            let later =
                Life.midnight(joined.at) + Int64((20 + 500 * wait) * Double(Time.day)) + Int64(random.below(Int(12 * Time.hour))) + 8 * Time.hour
            life.mark(.tookBack, later, device: joined.device, detail: agreement.rawValue, way: joined.way)
        }
    }
}

extension Life {
    /// Where the person said who they are; nil while they have not. Their marks are the last ones.
    fileprivate var joined: Mark? { marks.lazy.reversed().prefix { $0.person == person.index }.first { $0.kind == .signedUp } }

    /// Whether they had letters of news and wanted no more.
    fileprivate var hasUnsubscribed: Bool { marks.lazy.reversed().prefix { $0.person == person.index }.contains { $0.kind == .unsubscribed } }
}
