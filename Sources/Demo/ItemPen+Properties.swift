import Kernel

extension ItemPen {
    /// Writes what a mark's item says, between the braces.
    func properties(_ mark: Mark, _ person: Person, _ order: Order?, to out: inout [UInt8]) {
        switch mark.kind {
        case .page: page(mark, to: &out)
        case .product: product(mark.detail, 1, to: &out)
        case .added:
            product(mark.detail, 1, to: &out)
            out.put(",\"quantity\":1")
        case .checkout:
            out.put("\"currency\":\"GBP\",\"products_count\":")
            out.put(Int(mark.detail))
        case .signedUp: traits(person, mark, to: &out)
        case .signedIn: text("email", Self.email(person), to: &out)
        case .ordered: if let order { placed(order, person, to: &out) }
        case .shopVisited:
            text("shop", person.town(at: mark.at).shop ?? "", to: &out)
            if person.flags.contains(.card) {
                out.append(44)
                text("loyalty_id", Self.card(person), to: &out)
            }
        case .welcomed, .confirmed, .campaignSent, .campaignOpened, .campaignClicked, .unsubscribed: letter(mark, order, to: &out)
        case .shipped, .late, .delivered, .texted, .stopped, .returning, .returned, .refunded: if let order { step(mark, order, to: &out) }
        case .moved: moved(person, mark, to: &out)
        case .agreed, .tookBack: agreement(mark, person, to: &out)
        case .settled: address(person.home(at: mark.at), to: &out)
        case .asked, .answered: survey(mark, person, order, to: &out)
        case .called, .chatIn, .chatOut, .mailIn, .mailOut, .socialIn, .socialOut, .praised, .reviewed: talk(mark, person, order, to: &out)
        }
    }

    private func text(_ name: StaticString, _ value: String, to out: inout [UInt8]) {
        out.append(34)
        out.put(name)
        out.put("\":\"")
        out.put(value)
        out.append(34)
    }

    private func number(_ order: Order, to out: inout [UInt8]) {
        out.put("\"order_id\":\"HP-")
        out.put(Int(order.number))
        out.append(34)
    }

    private func page(_ mark: Mark, to out: inout [UInt8]) {
        let page = Self.pages[Int(min(mark.detail, 10))]
        text("title", page.title, to: &out)
        out.append(44)
        text("path", page.path, to: &out)
    }

    private func product(_ index: UInt8, _ quantity: Int, to out: inout [UInt8]) {
        let product = Catalogue.products[Int(index)]
        text("product_id", product.sku, to: &out)
        out.append(44)
        text("name", product.name, to: &out)
        out.append(44)
        text("category", product.category, to: &out)
        out.put(",\"price\":")
        out.put(pence: product.price)
        out.put(",\"currency\":\"GBP\"")
    }

    private func traits(_ person: Person, _ mark: Mark, to out: inout [UInt8]) {
        text("firstName", Self.first(person), to: &out)
        out.append(44)
        text("lastName", Self.last(person), to: &out)
        if person.hasEmail {
            out.append(44)
            text("email", Self.email(person), to: &out)
        }
        out.append(44)
        address(person.home(at: mark.at), to: &out)
        if person.kind == .online {
            out.put(",\"newsletter\":")
            out.put(person.flags.contains(.news) ? "true" : "false")
            out.put(",\"createdAt\":\"")
            out.put(time: mark.at)
            out.append(34)
        }
        if person.phone >= 0 {
            out.put(",\"phone\":\"")
            PhoneBook.appendTyped(person, to: &out)
            out.append(34)
        }
        guard person.flags.contains(.card) else { return }
        out.append(44)
        text("loyalty_id", Self.card(person), to: &out)
        out.put(",\"birthday\":\"")
        birthday(person, to: &out)
        out.append(34)
    }

    private func address(_ home: Home, to out: inout [UInt8]) {
        out.put("\"address\":{")
        text("street", home.street, to: &out)
        out.append(44)
        text("city", home.town.name, to: &out)
        out.append(44)
        text("postalCode", home.postcode, to: &out)
        out.append(44)
        text("country", home.town.country, to: &out)
        out.append(125)
    }

    private func agreement(_ mark: Mark, _ person: Person, to out: inout [UInt8]) {
        guard let agreement = Agreement(rawValue: mark.detail) else { return }
        out.put("\"channel\":\"")
        out.put(agreement.channel)
        out.put("\",\"purpose\":\"")
        out.put(agreement.purpose)
        out.put("\",\"method\":\"")
        out.put(person.kind == .store ? "in the shop" : person.kind == .phone ? "on the phone" : mark.device >= 2 ? "in the app" : "account form")
        if mark.kind == .agreed {
            out.put("\",\"wording\":\"")
            out.put(agreement.wording)
        }
        out.append(34)
    }

    /// From where to where somebody moved.
    private func moved(_ person: Person, _ mark: Mark, to out: inout [UInt8]) {
        let (old, new) = (Home(person.home, in: person.town), person.home(at: mark.at))
        text("old_city", old.town.name, to: &out)
        out.append(44)
        text("old_postcode", old.postcode, to: &out)
        out.append(44)
        text("new_city", new.town.name, to: &out)
        out.append(44)
        text("new_postcode", new.postcode, to: &out)
    }

    /// The form for the card asks for it, and who is one person has one. Between parent and child lie 27 years.
    private func birthday(_ person: Person, to out: inout [UInt8]) {
        func drawn(_ number: UInt32, below limit: UInt64) -> Int { Int(SeededRandom.first(seed ^ UInt64(number) << 20 ^ 0xB0) % limit) - 10_500 }
        var day = drawn(person.soul, below: 23_400)
        if case .namesakes = Bond(person.index, seed: seed) { day = drawn(person.index / 2, below: 8000) + Int(person.index % 2) * 27 * 365 }
        let date = Instant.date(days: day)
        out.put("\(date.year)-\(date.month < 10 ? "0" : "")\(date.month)-\(date.day < 10 ? "0" : "")\(date.day)")
    }

    private func placed(_ order: Order, _ person: Person, to out: inout [UInt8]) {
        let town = person.town(at: order.at)
        number(order, to: &out)
        out.put(",\"revenue\":")
        out.put(pence: order.total)
        out.put(",\"shipping\":")
        out.put(pence: order.shipping)
        out.put(",\"total\":")
        out.put(pence: order.total + order.shipping)
        out.put(",\"currency\":\"GBP\",\"region\":\"")
        out.put(town.north ? "north" : town.country == "FR" ? "france" : "south")
        if order.shop {
            out.put("\",\"shop\":\"")
            out.put(town.shop ?? "")
            if person.flags.contains(.card) {
                out.put("\",\"loyalty_id\":\"")
                out.put(Self.card(person))
            }
        } else {
            out.put("\",\"promised_by\":\"")
            out.put(time: order.promised)
        }
        out.put("\",\"products\":[")
        for (index, line) in order.lines.enumerated() {
            out.put(index == 0 ? "{" : ",{")
            product(line.product, 1, to: &out)
            out.put(",\"quantity\":")
            out.put(Int(line.quantity))
            out.append(125)
        }
        out.append(93)
    }

    private func letter(_ mark: Mark, _ order: Order?, to out: inout [UInt8]) {
        switch mark.kind {
        case .welcomed: text("subject", "Welcome to Harbour & Pine", to: &out)
        case .confirmed:
            out.put("\"subject\":\"Thank you for your order\"")
            if let order {
                out.append(44)
                number(order, to: &out)
            }
        default:
            let campaign = campaigns[Int(mark.about)]
            text("subject", campaign.name, to: &out)
            out.append(44)
            text("campaign_id", campaign.slug, to: &out)
            if mark.kind == .campaignClicked {
                out.put(",\"link_url\":\"https://harbourandpine.example/journal/")
                out.put(campaign.slug)
                out.append(34)
            }
        }
    }

    private static let reasons = ["Changed my mind", "Too large for the room", "Not the colour I thought", "Arrived too late", "Damaged"]

    private func step(_ mark: Mark, _ order: Order, to out: inout [UInt8]) {
        number(order, to: &out)
        switch mark.kind {
        case .texted: out.put(",\"text\":\"Your order comes today within two hours. Reply STOP for no more texts.\"")
        case .stopped: out.put(",\"text\":\"STOP\"")
        case .returning:
            out.append(44)
            text("reason", Self.reasons[Int(mark.detail) % Self.reasons.count], to: &out)
        case .returned: break
        case .refunded:
            out.put(",\"revenue\":")
            out.put(pence: order.total)
            out.put(",\"currency\":\"GBP\"")
        default:
            out.append(44)
            text("carrier", Places.carriers[Int(order.carrier)], to: &out)
            out.put(",\"promised_by\":\"")
            out.put(time: order.promised)
            out.append(34)
            if mark.kind == .delivered {
                out.put(",\"days_late\":")
                out.put(order.daysLate)
            }
        }
    }

    private func survey(_ mark: Mark, _ person: Person, _ order: Order?, to out: inout [UInt8]) {
        let which = Life.Survey(rawValue: mark.kind == .asked ? mark.detail : mark.detail >> 4) ?? .delivery
        let score = Int(mark.detail & 15)
        switch which {
        case .delivery: out.put("\"survey\":\"Delivery\",\"kind\":\"csat\",\"scale\":5")
        case .recommend: out.put("\"survey\":\"Recommend\",\"kind\":\"nps\",\"scale\":10")
        case .shop: out.put("\"survey\":\"Shop visit\",\"kind\":\"csat\",\"scale\":5")
        }
        if let order {
            out.append(44)
            number(order, to: &out)
        }
        guard mark.kind == .answered else { return }
        out.put(",\"score\":")
        out.put(score)
        var random = SeededRandom(seed: seed ^ UInt64(mark.person) << 24 ^ UInt64(mark.sequence))
        guard random.unit() < (score <= (which == .recommend ? 6 : 3) ? 0.7 : 0.4) else { return }
        let late = order.map { $0.daysLate > 0 } ?? false
        let topic: Phrases.Topic
        switch which {
        case .recommend: topic = score >= 9 ? .high : score >= 7 ? .middle : .low
        case .delivery: topic = score >= 4 ? .deliveredWell : late ? (random.below(2) == 0 ? .deliveredLate : .lowLate) : .low
        case .shop: topic = score >= 4 ? .high : .middle
        }
        out.put(",\"text\":\"")
        say(topic, person, mark.at, order, &random, to: &out)
        out.append(34)
    }

    private func talk(_ mark: Mark, _ person: Person, _ order: Order?, to out: inout [UInt8]) {
        var random = SeededRandom(seed: seed ^ UInt64(mark.person) << 24 ^ UInt64(mark.sequence))
        var topic = Phrases.Topic(rawValue: mark.detail) ?? .question
        switch mark.kind {
        case .praised: topic = .socialPraise
        case .reviewed:
            topic = mark.detail >= 4 ? .review : .badReview
            out.put("\"rating\":")
            out.put(Int(mark.detail))
            out.append(44)
        case .called:
            out.put("\"duration\":")
            out.put(45 + random.below(900))
            out.append(44)
            text("agent", Places.agents[random.below(Places.agents.count)], to: &out)
            out.append(44)
        default: break
        }
        out.put(mark.kind == .called ? "\"note\":\"" : "\"text\":\"")
        say(topic, person, mark.at, order, &random, to: &out)
        out.append(34)
        if let order {
            out.append(44)
            number(order, to: &out)
        }
    }

    /// Writes a phrase on a topic, its gaps filled.
    private func say(_ topic: Phrases.Topic, _ person: Person, _ at: Int64, _ order: Order?, _ random: inout SeededRandom, to out: inout [UInt8]) {
        let phrases = Phrases.all[Int(topic.rawValue)]
        for piece in phrases[random.below(phrases.count)].pieces {
            switch piece {
            case .letters(let letters): out.append(contentsOf: letters)
            case .gap(.product):
                let product = order?.lines.first?.product ?? Catalogue.drawn[random.below(Catalogue.drawn.count)]
                out.put(Catalogue.products[Int(product)].name)
            case .gap(.order):
                if let order {
                    out.put("HP-")
                    out.put(Int(order.number))
                } else {
                    out.put("my order")
                }
            case .gap(.days): out.put(max(2, order?.daysLate ?? 2))
            case .gap(.agent): out.put(Places.agents[random.below(Places.agents.count)])
            case .gap(.town): out.put(person.town(at: at).name)
            case .gap(.carrier): out.put(Places.carriers[Int(order?.carrier ?? 0)])
            }
        }
    }
}
