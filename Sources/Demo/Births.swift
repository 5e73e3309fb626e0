import Kernel

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Brings people into the world and lets them live through the months.
struct Births {
    let seed: UInt64
    let start: Int64
    let end: Int64
    let campaigns: [Campaign]
    let troubled: Range<Int64>
    var phones = PhoneBook()

    /// A generator for one person: the same whoever else there is.
    func random(of index: UInt32) -> SeededRandom { SeededRandom(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(index)) }

    /// Somebody new. `from` when it is known, as in live traffic; else drawn, with nearly half of all being customers from before.
    mutating func person(_ index: UInt32, _ random: inout SeededRandom, from known: Int64? = nil) -> Person {
        let roll = random.unit()
        let kind: Person.Kind = roll < 0.84 ? .online : roll < 0.91 ? .store : roll < 0.945 ? .phone : .visitor
        var town = Places.drawn[random.below(Places.drawn.count)]
        if kind == .store || kind == .phone {
            while Places.towns[Int(town)].shop == nil || Places.towns[Int(town)].numbers == nil {
                town = Places.drawn[random.below(Places.drawn.count)]
            }
        }
        let drawn = Places.towns[Int(town)].country == "FR" ? Names.drawnFR : Names.drawnGB
        let group = drawn[random.below(drawn.count)]
        let other = random.unit() < 0.85 ? group : drawn[random.below(drawn.count)]
        var flags: Person.Flags = []
        func flag(_ flag: Person.Flags, _ share: Double, _ random: inout SeededRandom) { if random.unit() < share { flags.insert(flag) } }
        flag(.app, 0.35, &random)
        flag(.card, kind == .store ? 1 : kind == .online && Places.towns[Int(town)].shop != nil ? 0.25 : 0, &random)
        flag(.news, kind == .online ? 0.58 : 0, &random)
        flag(.texts, 0.7, &random)
        // Neighbours in number live together, and some of them share a tablet.
        if SeededRandom.first(seed ^ UInt64(index / 2) &* 0xD1B5) % 100 < 7 { flags.insert(.sharedTablet) }
        // The French numbers for fiction that we use are all of mobile phones.
        let mobile = random.unit() < 0.55 || Places.towns[Int(town)].country == "FR"
        let phone: Int32 = kind == .phone || kind == .online && random.unit() < 0.55 ? phones.take(town: town, mobile: mobile) : -1
        let loyal = random.unit() < 0.14
        let from =
            known
            ?? (random.unit() < 0.42
                ? start + Int64(random.unit() * 40 * Double(Time.day)) : start + Int64(pow(random.unit(), 0.85) * Double(end - start)))
        let stays = loyal ? 4000.0 : -log(1 - random.unit()) * 430
        return Person(
            index: index, kind: phone < 0 && kind == .phone ? .visitor : kind, town: town,
            first: (group, UInt8(random.below(Names.groups[Int(group)].first.count))),
            last: (other, UInt8(random.below(Names.groups[Int(other)].last.count))), phone: phone, mobile: mobile, flags: flags, from: from,
            pace: (loyal ? 1.3 : 0.38) * exp((random.unit() + random.unit() - 1) * 0.9), mood: 7.6 + random.unit() * 1.6,
            until: from + Int64(stays * Double(Time.day)))
    }

    /// Lets a person live to the end.
    func live(_ life: inout Life) {
        switch life.person.kind {
        case .online: online(&life)
        case .store: months(&life, pace: 0.55) { life, at in shop(&life, at) }
        case .phone: months(&life, pace: 0.22) { life, at in life.complain(.question, at, Mark.none) }
        case .visitor: months(&life, pace: 0.5) { life, at in _ = life.visit(at, device: life.chance(0.5) ? 0 : 1, way: way(&life)) }
        }
    }

    private func online(_ life: inout Life) {
        let person = life.person
        // Before anybody knows who it is: a few visits, on one device or two.
        var at = person.from
        for _ in 0..<life.random.below(4) {
            life.visit(life.moment(of: Life.midnight(at)), device: life.chance(0.5) ? 0 : 1, way: way(&life), buys: 0.6)
            at += life.days(0.5, 9)
            if life.person.flags.contains(.joined) { break }
        }
        at = life.moment(of: Life.midnight(at))
        if !life.person.flags.contains(.joined) {
            life.mark(.page, at, device: 0, detail: 0)
            life.join(at + life.minutes(1, 5), device: 0)
        }
        // The other devices are signed in on at the first visit with them.
        var known: UInt8 = 1
        months(&life, pace: person.pace, from: at + Time.day) { life, at in
            let device = self.device(&life)
            if known & (1 << device) == 0 {
                known |= 1 << device
                life.mark(.page, at, device: device, detail: 0)
                life.mark(.signedIn, at + life.minutes(0.3, 2), device: device, way: Mark.signedIn)
            }
            if life.person.flags.contains(.card), life.chance(0.14) {
                shop(&life, at)
            } else {
                life.visit(at + life.minutes(2, 3), device: device, way: way(&life))
                if life.chance(0.02) { life.complain(.question, at, Mark.none) }
            }
        }
        letters(&life, from: at)
        asked(&life, from: at)
    }

    /// Which device a visit is on.
    func device(_ life: inout Life) -> UInt8 {
        let roll = life.random.unit()
        if life.person.flags.contains(.app), roll < 0.4 { return 2 }
        if life.person.flags.contains(.sharedTablet), roll < 0.6 { return 3 }
        return roll < 0.8 ? 1 : 0
    }

    func way(_ life: inout Life) -> Mark.Way {
        let roll = life.random.unit()
        return roll < 0.5 ? .direct : roll < 0.72 ? .search : roll < 0.88 ? .paid : .earned
    }

    func shop(_ life: inout Life, _ at: Int64) {
        let at = life.workingMoment(of: Life.midnight(at))
        life.mark(.shopVisited, at)
        if life.chance(0.62) {
            life.order((0...life.random.below(3)).map { _ in life.pick() }, at + life.minutes(5, 40), device: 0, shop: true)
        }
    }

    /// Calls `body` for every visit, month by month, as season, week and the person's stage have it.
    private func months(_ life: inout Life, pace: Double, from: Int64? = nil, _ body: (inout Life, Int64) -> Void) {
        var month = Life.midnight(from ?? life.person.from)
        while month < end {
            let season = Rhythm.year[Instant.date(days: Int(month / Time.day)).month - 1]
            let stage = month < life.person.until ? 1 : 0.12
            for _ in 0..<life.count(pace * season * stage * 1.25) {
                let day = month + Int64(life.random.below(30)) * Time.day
                let weekday = Int((day / Time.day + 4) % 7)
                guard life.chance(Rhythm.week[weekday] / 1.25) else { continue }
                let at = life.moment(of: day)
                if at < end, at > life.person.from { body(&life, at) }
            }
            month += 30 * Time.day
        }
    }

    /// The letters of news, from when the person joined until they have had enough.
    private func letters(_ life: inout Life, from: Int64) {
        guard life.person.flags.contains(.news) else { return }
        // Whoever opens letters opens many of them.
        let opens = 0.12 + 0.5 * life.random.unit() * life.random.unit()
        for (index, campaign) in campaigns.enumerated() where campaign.at > from {
            let sent = campaign.at + life.minutes(0, 90)
            life.mark(.campaignSent, sent, about: UInt32(index))
            guard life.chance(opens) else { continue }
            let opened = sent + Int64(life.wait(7) * Double(Time.hour)) + Time.minute
            life.mark(.campaignOpened, opened, about: UInt32(index))
            if life.chance(0.11) {
                let clicked = opened + life.minutes(0.1, 2)
                life.mark(.campaignClicked, clicked, device: 1, about: UInt32(index))
                life.visit(clicked + 4000, device: 1, way: .letter, campaign: UInt32(index), buys: 1.3)
            }
            if life.chance(campaign.at > life.person.until ? 0.03 : 0.004) {
                life.mark(.unsubscribed, opened + life.minutes(0.2, 1), about: UInt32(index))
                life.person.flags.remove(.news)
                return
            }
        }
    }

    /// Twice a year we ask whether the person would recommend us. Marks are not in the order of time: the mood is that of the end,
    /// which is close enough for an invented world.
    private func asked(_ life: inout Life, from: Int64) {
        var at = from + life.days(60, 200)
        while at < end {
            if at < life.person.until + 60 * Time.day { life.ask(.recommend, Life.midnight(at) + 11 * Time.hour, Mark.none, low: 0) }
            at += life.days(170, 200)
        }
    }
}

extension SeededRandom {
    /// The first number of a seed.
    static func first(_ seed: UInt64) -> UInt64 {
        var random = SeededRandom(seed: seed)
        return random.next()
    }
}
