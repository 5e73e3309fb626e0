import Ledger

extension EventCatalogue {
    /// Looking, buying, delivering, giving back.
    static let shop: [String: Entry] = [
        "pageviewed": { t in
            let p = t.properties
            return Sentence(.customer, "looked at", quoted(p.text("title", "pagetitle", "name")) ?? p.text("path", "url") ?? "a page", [])
        },
        "screenviewed": { t in Sentence(.customer, "looked at", quoted(t.properties.text("name", "title", "screen", "screenname")) ?? "a screen") },
        "productviewed": { t in priced(Sentence(.customer, "looked at", product(t)), t) },
        "productclicked": { t in Sentence(.customer, "clicked", product(t)) },
        "productlistviewed": { t in
            Sentence(.customer, "looked through", quoted(t.properties.text("category", "list", "listname", "listid")) ?? "a list of products")
        },
        "productlistfiltered": { t in Sentence(.customer, "filtered", quoted(t.properties.text("category", "list")) ?? "a list of products") },
        "productssearched": { t in
            Sentence(.customer, "searched for", quoted(t.properties.text("query", "search", "term", "q")) ?? "something", icon: "search")
        },
        "productadded": { t in priced(Sentence(.customer, "put in the basket", product(t), [], icon: "order"), t) },
        "productremoved": { t in Sentence(.customer, "took out of the basket", product(t)) },
        "productaddedtowishlist": { t in Sentence(.customer, "put on the wish list", product(t)) },
        "productshared": { t in Sentence(.customer, "shared", product(t)) },
        "productreviewed": answered,
        "reviewsubmitted": answered, "reviewwritten": answered, "reviewposted": answered, "reviewanswered": answered,
        "cartviewed": { t in Sentence(.customer, "looked at the basket", nil, [t.properties.things]) },
        "cartabandoned": { t in paid(Sentence(.customer, "left the basket", nil, [t.properties.things]), t) },
        "checkoutstarted": { t in paid(Sentence(.customer, "went to the checkout", nil, [t.properties.things]), t) },
        "checkoutstepviewed": { t in Sentence(.customer, "looked at step " + (t.properties.text("step") ?? "?") + " of the checkout") },
        "checkoutstepcompleted": { t in Sentence(.customer, "finished step " + (t.properties.text("step") ?? "?") + " of the checkout") },
        "paymentinfoentered": { t in Sentence(.customer, "gave payment details", nil, [t.properties.text("paymentmethod", "method")]) },
        "paymentmade": { t in
            paid(Sentence(.customer, "paid", nil, [t.properties.text("paymenttype", "paymentmethod", "method"), t.properties.order]), t)
        },
        "paymentfailed": { t in bad(paid(Sentence(.nobody, "Payment failed", nil, [t.properties.text("reason", "error"), t.properties.order]), t)) },
        "couponapplied": { t in Sentence(.customer, "used the code", t.properties.text("couponname", "coupon", "couponid", "code")) },
        "promotionviewed": { t in Sentence(.customer, "saw the offer", quoted(t.properties.text("name", "creative", "promotionid"))) },
        "promotionclicked": { t in Sentence(.customer, "clicked the offer", quoted(t.properties.text("name", "creative", "promotionid"))) },
        "ordercompleted": ordered, "orderplaced": ordered, "ordercreated": ordered, "purchasecompleted": ordered, "purchase": ordered,
        "purchased": ordered,
        "purchasemade": bought, "storepurchase": bought, "inventorypurchase": bought,
        "orderupdated": { t in changed(t, "changed", "Order changed") },
        "orderapproved": { t in changed(t, "approved", "Order approved") },
        "orderpaid": { t in paid(changed(t, "paid", "Order paid"), t) },
        "orderpacked": { t in changed(t, "packed", "Order packed") },
        "ordershipped": { t in
            Sentence(.we, "sent", t.properties.things ?? t.properties.order ?? "the order", both(t.properties) + carrier(t), icon: "truck")
        },
        "orderdelivered": delivered, "parceldelivered": delivered, "deliverycompleted": delivered,
        "deliverydelayed": late, "orderdelayed": late, "parceldelayed": late, "parcellate": late, "deliverylate": late,
        "deliveryfailed": { t in bad(Sentence(.nobody, "Delivery failed", nil, [t.properties.text("reason"), t.properties.order], icon: "truck")) },
        "ordercancelled": cancelled, "ordercanceled": cancelled,
        "orderrefunded": refunded, "refundissued": refunded, "refundpaid": refunded,
        "orderreturned": returned, "productreturned": returned, "itemreturned": returned, "returnreceived": returned, "returnstarted": returned,
        "returnrequested": { t in
            let reason = t.properties.text("reason")
            return Sentence(.customer, "wants to give back", t.properties.things ?? t.properties.order ?? "something", [reason])
        },
        "storevisited": { t in
            Sentence(.customer, "visited the shop", t.properties.text("store", "storename", "shop", "branch", "city"), icon: "store")
        },
    ]

    private static let ordered: Entry = { t in
        paid(Sentence(.customer, "ordered", t.properties.things ?? t.properties.order, both(t.properties), icon: "order"), t)
    }
    private static let bought: Entry = { t in
        let place = t.properties.text("store", "storename", "shop", "branch")
        return paid(Sentence(.customer, "bought", t.properties.things ?? "something", [place] + both(t.properties), icon: "order"), t)
    }
    private static let delivered: Entry = { t in
        let p = t.properties
        let days = p.number("dayslate", "delaydays", "latedays")
        let late =
            days.flatMap { $0 >= 1 ? Formats.counted(Int(min($0, 9999)), "day") + " late" : nil } ?? (p.bool("late", "islate") == true ? "late" : nil)
        return Sentence(.we, "delivered", p.things ?? p.order ?? "the order", [late] + both(p) + carrier(t), icon: "truck")
    }
    private static let late: Entry = { t in
        let due = t.properties.text("newdate", "expectedat", "estimateddelivery", "neweta", "eta").map { "now due " + (t.formats.readable($0) ?? $0) }
        return bad(Sentence(.nobody, "Delivery is late", nil, [t.properties.order, due] + carrier(t), icon: "truck"))
    }
    private static let cancelled: Entry = { t in
        let p = t.properties
        return Sentence(t.direction == .out ? .we : .customer, "cancelled", p.order ?? p.things ?? "the order", [p.text("reason")])
    }
    private static let refunded: Entry = { t in
        let p = t.properties
        return Sentence(.we, "gave back", p.money("refundamount", "amount", "total", "revenue") ?? "the money", [p.order, p.text("reason")])
    }
    private static let returned: Entry = { t in
        Sentence(.customer, "gave back", t.properties.things ?? t.properties.order ?? "something", [t.properties.text("reason")] + both(t.properties))
    }

    static func quoted(_ text: String?) -> String? { text.map { "“" + $0 + "”" } }
    private static func product(_ t: Telling) -> String? {
        t.properties.text("name", "productname", "title", "product", "sku", "productid") ?? t.properties.things ?? "a product"
    }
    /// The order's number as an aside, unless it is what the sentence is about already.
    private static func both(_ p: Properties) -> [String?] { [p.things == nil ? nil : p.order] }
    private static func carrier(_ t: Telling) -> [String?] { [t.properties.text("carrier", "shippingcarrier", "courier")] }

    private static func paid(_ sentence: Sentence, _ t: Telling) -> Sentence {
        var sentence = sentence
        sentence.amount = t.amount
        if let amount = sentence.amount { sentence.asides.append(amount) }
        return sentence
    }
    private static func priced(_ sentence: Sentence, _ t: Telling) -> Sentence {
        var sentence = sentence
        if let price = t.properties.money("price") { sentence.asides.append(price) }
        return sentence
    }
    static func bad(_ sentence: Sentence) -> Sentence {
        var sentence = sentence
        sentence.tone = .bad
        return sentence
    }
    /// What happens to an order without anybody turning to anybody; said of us when we told the customer.
    private static func changed(_ t: Telling, _ verb: String, _ head: String) -> Sentence {
        switch t.direction {
        case .out: Sentence(.we, verb, t.properties.order ?? t.properties.things ?? "the order")
        case .in: Sentence(.customer, verb, t.properties.order ?? t.properties.things ?? "the order")
        case .internal: Sentence(.nobody, head, nil, [t.properties.order ?? t.properties.things])
        }
    }
}
