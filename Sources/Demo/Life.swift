import Kernel

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Lets people live: makes the marks of visits, orders and all that follows from them.
///
/// Who was kept waiting complains more, answers lower and comes less. All chance comes from one seed.
struct Life {
    var random: SeededRandom
    var person: Person
    var marks: [Mark] = []
    var orders: [Order]
    /// When the carrier in the north began to fail, to the end.
    let troubled: Range<Int64>

    // MARK: chance

    mutating func chance(_ share: Double) -> Bool { random.unit() < share }
    /// A wait whose mean is `mean`.
    mutating func wait(_ mean: Double) -> Double { -log(1 - random.unit()) * mean }
    mutating func between(_ low: Double, _ high: Double) -> Double { low + (high - low) * random.unit() }
    mutating func minutes(_ low: Double, _ high: Double) -> Int64 { Int64(between(low, high) * Double(Time.minute)) }
    mutating func days(_ low: Double, _ high: Double) -> Int64 { Int64(between(low, high) * Double(Time.day)) }

    /// How many happen when `mean` are usual (Poisson, by Knuth's product of uniforms).
    mutating func count(_ mean: Double) -> Int {
        let limit = exp(-mean)
        var product = random.unit()
        var made = 0
        while product > limit, made < 200 {
            product *= random.unit()
            made += 1
        }
        return made
    }

    /// A moment of the day `day` (its midnight), as visits are spread over it: few at night, most in the evening.
    mutating func moment(of day: Int64) -> Int64 {
        let hour = Int64(Rhythm.hours[random.below(Rhythm.hours.count)])
        return day + hour * Time.hour + Int64(random.below(Int(Time.hour)))
    }

    /// The same in the hours in which somebody answers and delivers.
    mutating func workingMoment(of day: Int64) -> Int64 {
        // Sunday becomes Monday: 1970 began on a Thursday.
        let day = (day / Time.day + 4) % 7 == 0 ? day + Time.day : day
        return day + 8 * Time.hour + Int64(random.below(Int(11 * Time.hour)))
    }

    static func midnight(_ at: Int64) -> Int64 { at / Time.day * Time.day }

    // MARK: marks

    mutating func mark(
        _ kind: Mark.Kind, _ at: Int64, device: UInt8 = 0, detail: UInt8 = 0, about: UInt32 = Mark.none, way: UInt8 = 0
    ) {
        marks.append(
            Mark(
                at: at, person: person.index, sequence: person.marks, about: about, kind: kind, device: device, detail: detail, way: way))
        person.marks += 1
    }

    mutating func feel(_ change: Double) { person.mood = min(10, max(0, person.mood + change)) }

    mutating func pick() -> UInt8 { Catalogue.drawn[random.below(Catalogue.drawn.count)] }

    // MARK: visits

    /// A visit on a device: pages, products, perhaps a basket and an order. When it ended.
    @discardableResult
    mutating func visit(_ start: Int64, device: UInt8, way: Mark.Way, campaign: UInt32 = Mark.none, buys: Double = 1) -> Int64 {
        let signed: UInt8 = person.flags.contains(.joined) ? Mark.signedIn : 0
        var at = start
        // The first page tells how the person came.
        mark(.page, at, device: device, detail: way == .direct ? 0 : 1 + pick() % 8, about: campaign, way: signed | way.rawValue)
        var basket: [UInt8] = []
        for _ in 0..<(1 + count(1.4)) {
            at += minutes(0.2, 2.5)
            let product = pick()
            mark(.product, at, device: device, detail: product, way: signed)
            // What is cheap goes into baskets more easily.
            let ease = Catalogue.products[Int(product)].price < 10_000 ? 0.19 : 0.08
            if basket.count < 3, chance(ease * buys) {
                at += minutes(0.2, 1)
                basket.append(product)
                mark(.added, at, device: device, detail: product, way: signed)
            } else if chance(0.25) {
                at += minutes(0.2, 1)
                mark(.page, at, device: device, detail: chance(0.12) ? 9 : 1 + product % 8, way: signed)
            }
        }
        guard !basket.isEmpty, person.kind == .online else { return at }
        at += minutes(0.5, 3)
        mark(.checkout, at, device: device, detail: UInt8(basket.count), way: signed)
        guard chance(0.66) else { return at }
        at += minutes(1, 5)
        if !person.flags.contains(.joined) { join(at, device: device) }
        order(basket, at + minutes(0.2, 1), device: device, shop: false)
        return at
    }

    /// The person makes an account, and is known on this device from now on.
    mutating func join(_ at: Int64, device: UInt8) {
        guard person.kind == .online, !person.flags.contains(.joined) else { return }
        person.flags.insert(.joined)
        mark(.signedUp, at, device: device, way: Mark.signedIn)
        mark(.welcomed, at + minutes(0.1, 2), way: Mark.signedIn)
    }

    /// When the person said who they are; nil while they have not. Their marks are the last ones.
    var joinedAt: Int64? { marks.lazy.reversed().prefix { $0.person == person.index }.first { $0.kind == .signedUp }?.at }

    /// Whether the person rings about a new address: whoever shops by phone, and some of the others.
    mutating func tellsOnPhone() -> Bool { person.kind == .phone || person.phone >= 0 && chance(0.2) }

    /// The person tells us of a new home: on the web, in the app, or on the phone, where somebody writes it down.
    mutating func tellOfMove(_ at: Int64, device: UInt8, onPhone: Bool) {
        let (way, detail): (UInt8, UInt8) = onPhone ? (0, 1) : (Mark.signedIn, 0)
        mark(.moved, at, device: device, detail: detail, way: way)
        mark(.settled, at + 1000, device: device, detail: detail, way: way)
        if onPhone { mark(.called, at + minutes(1, 3), detail: Phrases.Topic.callMoved.rawValue) }
    }

    // MARK: orders

    mutating func order(_ products: [UInt8], _ at: Int64, device: UInt8, shop: Bool) {
        var lines: [(product: UInt8, quantity: UInt8)] = []
        for product in products where !lines.contains(where: { $0.product == product }) {
            let cheap = Catalogue.products[Int(product)].price < 5000
            lines.append((product, cheap ? UInt8(1 + count(0.6)) : 1))
        }
        let town = person.town(at: at)
        let carrier: UInt8 = town.north ? 0 : town.country == "FR" ? 1 : UInt8(1 + random.below(2))
        let promised = Self.midnight(at) + Int64(3 + random.below(5)) * Time.day + 20 * Time.hour
        let isLate = chance(carrier == 0 && troubled.contains(at) ? 0.34 : carrier == 0 ? 0.1 : 0.07)
        let delivered = isLate ? promised + days(0.4, 1) + Int64(wait(2.2) * Double(Time.day)) : promised - days(0.1, 2.4)
        let number = UInt32(orders.count)
        orders.append(
            Order(
                person: person.index, lines: lines, at: at, promised: promised,
                delivered: shop ? at : max(workingMoment(of: Self.midnight(delivered)), at + Time.day), shop: shop, carrier: carrier))
        // A day of work later may still be the promised day; what counts is when it came.
        let order = orders[Int(number)]
        mark(.ordered, at, device: device, detail: 0, about: number, way: person.flags.contains(.joined) ? Mark.signedIn : 0)
        feel(0.15)
        if shop { return afterShop(order, number) }
        if person.hasEmail { mark(.confirmed, at + minutes(0.1, 1), about: number) }
        mark(.shipped, max(at + 6 * Time.hour, order.delivered - days(0.8, 2)), about: number)
        if order.daysLate > 0 {
            mark(.late, order.promised + minutes(1, 30), about: number)
            kept(waiting: order, number)
        } else {
            feel(0.25)
        }
        if person.phone >= 0, person.mobile, person.flags.contains(.texts) {
            mark(.texted, order.delivered - minutes(70, 150), about: number)
            if chance(0.004) {
                mark(.stopped, order.delivered - minutes(5, 60), about: number)
                person.flags.remove(.texts)
            }
        }
        mark(.delivered, order.delivered, detail: UInt8(min(order.daysLate, 255)), about: number)
        afterDelivery(order, number)
    }

    /// The person comes to a shop; who has a card of ours and nothing else gave name and address for it the first time.
    mutating func comeToShop(_ at: Int64) {
        mark(.shopVisited, at)
        guard person.kind == .store, !person.flags.contains(.joined) else { return }
        person.flags.insert(.joined)
        mark(.signedUp, at + minutes(1, 4))
    }

    /// The person orders on the phone: whoever answers writes down name and address the first time.
    mutating func orderByPhone(_ at: Int64) {
        if !person.flags.contains(.joined) {
            person.flags.insert(.joined)
            mark(.signedUp, at + minutes(0.5, 1))
        }
        let number = UInt32(orders.count)
        order((0...random.below(2)).map { _ in pick() }, at + minutes(1, 4), device: 0, shop: false)
        // The note is written when the call is over.
        mark(.called, at + minutes(4, 6), detail: Phrases.Topic.callOrder.rawValue, about: number)
    }

    private mutating func afterShop(_ order: Order, _ number: UInt32) {
        if person.flags.contains(.joined), chance(0.1) { ask(.shop, order.at + Time.hour, number, low: 0.05) }
    }

    /// An order that does not come on its day: the person looks for it, asks, complains.
    private mutating func kept(waiting order: Order, _ number: UInt32) {
        feel(-1.2 - 0.25 * Double(min(order.daysLate, 10)))
        if person.kind == .online, chance(0.6) {
            let at = order.promised + minutes(30, 1200)
            mark(.page, at, device: person.flags.contains(.app) ? 2 : 1, detail: 10, about: Mark.none, way: Mark.signedIn)
            if chance(0.4) { mark(.page, at + minutes(1, 4), device: 1, detail: 9, way: Mark.signedIn) }
        }
        var odds = 0.42
        while chance(odds) {
            complain(.late, Self.midnight(order.promised) + days(0.9, Double(order.daysLate) + 0.9), number)
            odds *= 0.45
        }
        // One who is kept waiting often stays away afterwards.
        if chance(0.16) { person.until = min(person.until, order.delivered + days(2, 25)) }
    }

    private mutating func afterDelivery(_ order: Order, _ number: UInt32) {
        let late = order.daysLate > 0
        if chance(0.72) { ask(.delivery, Self.midnight(order.delivered) + Time.day + 10 * Time.hour, number, low: late ? 0.8 : 0.07) }
        if chance(0.035) { complain(chance(0.7) ? .damaged : .wrong, order.delivered + days(0.1, 2), number) }
        guard person.kind == .online else { return }
        if chance(0.02) { mark(.praised, order.delivered + days(0.5, 9), detail: 0, about: number) }
        if chance(0.05) { mark(.reviewed, order.delivered + days(2, 20), detail: late ? 2 : 5, about: number) }
        guard chance(late ? 0.11 : 0.06) else { return }
        let at = moment(of: Self.midnight(order.delivered + days(1, 12)))
        let received = workingMoment(of: Self.midnight(at + days(3, 8)))
        mark(.returning, at, detail: UInt8(random.below(5)), about: number, way: Mark.signedIn)
        mark(.returned, received, about: number)
        mark(.refunded, received + days(0.2, 5), about: number)
    }

    // MARK: talk

    /// The person turns to us, and somebody answers.
    mutating func complain(_ topic: Phrases.Topic, _ day: Int64, _ order: UInt32) {
        let at = workingMoment(of: Self.midnight(day))
        feel(topic == .question ? 0 : -0.5)
        let reply: Phrases.Topic = topic == .late ? .replyLate : topic == .question ? .replyQuestion : .replyDamaged
        let call: Phrases.Topic = topic == .late ? .callLate : topic == .question ? .callQuestion : .callDamaged
        let roll = person.kind == .phone ? 0 : random.unit()
        if roll < 0.3, person.phone >= 0 {
            mark(.called, at, detail: call.rawValue, about: order)
        } else if roll < 0.55 {
            mark(.chatIn, at, device: 1, detail: topic.rawValue, about: order, way: Mark.signedIn)
            mark(.chatOut, at + minutes(1, 9), detail: reply.rawValue, about: order)
        } else if roll < 0.92 || topic == .question {
            mark(.mailIn, at, detail: topic.rawValue, about: order)
            let answered = workingMoment(of: Self.midnight(at + days(0.1, 1.4)))
            // What comes in the evening is answered on another day.
            mark(.mailOut, answered > at ? answered : answered + Time.day, detail: reply.rawValue, about: order)
        } else {
            mark(.socialIn, at, detail: Phrases.Topic.socialLate.rawValue, about: order)
            mark(.socialOut, at + minutes(15, 400), detail: reply.rawValue, about: order)
        }
    }

    /// Which question we ask.
    enum Survey: UInt8 { case delivery, recommend, shop }

    /// We ask, and perhaps the person answers; `low` is how probably it is a low score whatever the mood.
    mutating func ask(_ survey: Survey, _ at: Int64, _ order: UInt32, low: Double) {
        guard person.flags.contains(.joined), person.hasEmail else { return }
        mark(.asked, at, detail: survey.rawValue, about: order)
        guard chance(low > 0.5 ? 0.4 : 0.27) else { return }
        let score: Int
        if survey == .recommend {
            score = Int(min(10, max(0, person.mood + between(-2, 2))).rounded())
        } else {
            score = chance(low) ? 1 + random.below(2) : chance(0.3) ? 4 : person.mood < 5 ? 3 : 5
        }
        mark(.answered, at + Int64(wait(9) * Double(Time.hour)) + minutes(2, 60), detail: survey.rawValue << 4 | UInt8(score), about: order)
    }
}

/// When people have time.
enum Rhythm {
    private static let often: [Int] = [2, 1, 1, 1, 1, 2, 5, 9, 12, 12, 12, 13, 15, 14, 12, 12, 13, 15, 18, 22, 25, 22, 14, 6]
    /// Hours of the day, each as often as visits begin in it.
    static let hours: [UInt8] = often.indices.flatMap { [UInt8](repeating: UInt8($0), count: often[$0]) }
    /// From Sunday: how many come, against the mean.
    static let week = [1.25, 0.95, 0.9, 0.9, 0.95, 0.95, 1.1]
    /// From January: how many come, against the mean.
    static let year = [1.15, 0.9, 0.95, 1.0, 1.0, 0.85, 0.75, 0.8, 1.0, 1.05, 1.4, 1.5]

    /// How many come on a day, against the mean: 1 on a usual one.
    static func ofDay(_ at: Int64) -> Double {
        let day = at / Time.day
        // 1970 began on a Thursday.
        return week[Int((day + 4) % 7)] * year[Instant.date(days: Int(day)).month - 1]
    }
    /// How many come at a moment, against the mean.
    static func factor(_ at: Int64) -> Double { ofDay(at) * Double(often[Int(at / Time.hour % 24)] * 24) / Double(hours.count) }
    /// No ``factor(_:)`` is larger.
    static let most = (week.max() ?? 1) * (year.max() ?? 1) * Double((often.max() ?? 1) * 24) / Double(hours.count)
}
