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

    /// Somebody new.
    /// - Parameters:
    ///   - neighbour: the person with the number before, with whom this one may live, or be one.
    ///   - known: when the person first shows up, in live traffic; else drawn, with nearly half of all being customers from before.
    mutating func person(_ index: UInt32, _ random: inout SeededRandom, beside neighbour: Person? = nil, from known: Int64? = nil) -> Person {
        let bond = Bond(index, seed: seed)
        var person = stranger(index, &random, from: known)
        if case .tablet = bond { person.flags.insert(.sharedTablet) }
        if case .namesakes = bond { person.flags.insert(.card) }
        if index % 2 == 1, let neighbour {
            switch bond {
            case .strangers: break
            case .tablet, .household, .namesakes: lives(&person, with: neighbour, bond, &random)
            case .second: if neighbour.kind == .online { person = second(index, of: neighbour, person, &random, from: known) }
            }
        }
        let shows = person.kind == .phone ? 1 : person.kind == .online ? 0.55 : person.kind == .store ? 0.4 : 0
        if person.phone < 0, !person.isSecond, random.unit() < shows { phones.give(&person) }
        if person.kind == .phone, person.phone < 0 { person.kind = .visitor }
        person.move = move(of: person, bond, beside: neighbour)
        return person
    }

    /// Whether and where somebody moves house within history: four in a hundred a year do, couples together. It has chances of its own,
    /// so that everything else in the world stays as it is.
    private func move(of person: Person, _ bond: Bond, beside neighbour: Person?) -> Person.Move? {
        var random = SeededRandom(seed: seed &* 0xD6E8_FEB8_6659_FD93 &+ UInt64(person.index))
        switch bond {
        // They are there to be found, which is hard enough where one of them was written down before moving.
        case .second: return nil
        case .tablet, .household, .namesakes:
            if person.index % 2 == 1, let neighbour { return neighbour.move.flatMap { Self.fits($0.town, person) ? $0 : nil } }
        case .strangers: break
        }
        let at = person.from + Int64(-log(1 - random.unit()) * 25 * 365 * Double(Time.day))
        return at < end ? move(of: person, at: Life.midnight(at), &random) : nil
    }

    /// Another home from a moment on, of somebody who would tell us; nil for all others.
    func move(of person: Person, at: Int64, _ random: inout SeededRandom) -> Person.Move? {
        var town = person.town
        // A line that goes into the wall has the town's number, so it stays in the town.
        if person.phone < 0 || person.mobile, random.unit() < 0.45 {
            for _ in 0..<20 {
                let other = Places.drawn[random.below(Places.drawn.count)]
                guard Places.towns[Int(other)].country == Places.towns[Int(town)].country, Self.fits(other, person) else { continue }
                town = other
                break
            }
        }
        guard Self.fits(town, person) else { return nil }
        return Person.Move(at: at, town: town, home: UInt32(truncatingIfNeeded: random.next() >> 32))
    }

    /// Whether somebody could live in a town: who has a card comes to our shops, and visitors and who has nothing but a card tell us nothing.
    private static func fits(_ town: UInt8, _ person: Person) -> Bool {
        switch person.kind {
        case .online, .phone: !person.flags.contains(.card) || Places.towns[Int(town)].shop != nil
        case .store, .visitor: false
        }
    }

    /// Somebody who has nothing to do with anybody.
    private func stranger(_ index: UInt32, _ random: inout SeededRandom, from known: Int64?) -> Person {
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
        flag(.email, kind == .store ? 0.5 : kind == .phone ? 0.3 : 0, &random)
        let loyal = random.unit() < 0.14
        let from =
            known
            ?? (random.unit() < 0.42
                ? start + Int64(random.unit() * 40 * Double(Time.day)) : start + Int64(pow(random.unit(), 0.85) * Double(end - start)))
        let stays = loyal ? 4000.0 : -log(1 - random.unit()) * 430
        let pace = (loyal ? 1.3 : 0.38) * exp((random.unit() + random.unit() - 1) * 0.9)
        return Person(
            index: index, soul: index, kind: kind, town: town, home: UInt32(truncatingIfNeeded: random.next() >> 32),
            first: (group, UInt8(random.below(Names.groups[Int(group)].first.count))),
            last: (other, UInt8(random.below(Names.groups[Int(other)].last.count))), mobile: random.unit() < 0.55, flags: flags, from: from,
            pace: kind == .store ? 0.55 : kind == .phone ? 0.22 : kind == .visitor ? 0.5 : pace, mood: 7.6 + random.unit() * 1.6,
            until: from + Int64(stays * Double(Time.day)))
    }

    /// Moves a person in with another. Some share a line, and most a surname.
    private func lives(_ person: inout Person, with other: Person, _ bond: Bond, _ random: inout SeededRandom) {
        person.town = other.town
        person.home = other.home
        if person.kind == .store || person.kind == .phone || Places.towns[Int(other.town)].shop == nil {
            person.kind = .online
            if Places.towns[Int(other.town)].shop == nil { person.flags.remove(.card) }
        }
        if !other.mobile, other.phone >= 0, random.unit() < 0.5 { (person.phone, person.mobile) = (other.phone, false) }
        if case .namesakes = bond {
            (person.first, person.last) = (other.first, other.last)
        } else {
            if random.unit() < 0.75 { person.last = other.last }
            // Two of one name in one house would be one person to anybody.
            if person.first == other.first { person.first.name = (person.first.name + 1) % UInt8(Names.groups[Int(person.first.group)].first.count) }
        }
    }

    /// Somebody whom we know already, written down once more: who rang, went to a shop, or made a second account.
    private mutating func second(_ index: UInt32, of first: Person, _ drawn: Person, _ random: inout SeededRandom, from known: Int64?) -> Person {
        var person = drawn
        (person.soul, person.town, person.home) = (first.soul, first.town, first.home)
        (person.first, person.last) = (first.first, first.last)
        (person.phone, person.mobile) = (first.phone, first.mobile)
        if person.phone < 0 { phones.give(&person) }
        let way = random.below(3)
        person.kind = way == 0 && person.phone >= 0 ? .phone : way == 1 && Places.towns[Int(person.town)].shop != nil ? .store : .online
        person.flags = person.kind == .store ? [.card, .email, .texts] : person.kind == .phone ? [.texts] : [.news, .texts]
        let slips = Person.Slip.allCases
        person.slip = slips[random.below(slips.count)]
        // Whoever moved is known again by the number alone.
        if person.slip == .moved {
            if first.phone < 0 { person.slip = .nothing } else { person.home = drawn.home }
        }
        person.from = known ?? first.from + Int64((0.2 + 0.6 * random.unit()) * Double(end - first.from))
        person.until = person.from + 90 * Time.day
        person.pace = 0.2
        return person
    }

    /// Lets a person live to the end.
    func live(_ life: inout Life) {
        let first = life.moment(of: Life.midnight(life.person.from))
        switch life.person.kind {
        case .online: online(&life)
        case .store:
            if life.person.isSecond { shop(&life, first) }
            months(&life, pace: life.person.pace) { life, at in shop(&life, at) }
        case .phone:
            if life.person.isSecond { life.orderByPhone(life.workingMoment(of: Life.midnight(first))) }
            months(&life, pace: life.person.pace) { life, at in
                if life.chance(0.3) {
                    life.orderByPhone(life.workingMoment(of: Life.midnight(at)))
                } else {
                    life.complain(.question, at, Mark.none)
                }
            }
        case .visitor:
            months(&life, pace: life.person.pace) { life, at in _ = life.visit(at, device: life.chance(0.5) ? 0 : 1, way: way(&life)) }
        }
        settle(&life)
        agree(&life)
    }

    /// Whoever moves house after we know them tells us, and has rooms to fill.
    private func settle(_ life: inout Life) {
        guard let move = life.person.move, let joined = life.joinedAt, joined < move.at else { return }
        let device = device(&life)
        let onPhone = life.tellsOnPhone()
        let at = onPhone ? life.workingMoment(of: move.at) : life.moment(of: move.at)
        guard at < end else { return }
        life.tellOfMove(at, device: device, onPhone: onPhone)
        guard life.person.kind == .online else { return }
        for _ in 0..<life.count(3) {
            let later = life.moment(of: Life.midnight(at + life.days(1, 50)))
            if later < end { life.visit(later, device: self.device(&life), way: way(&life), buys: 1.8) }
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
        life.comeToShop(at)
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
