/// What people say. `{product}`, `{order}`, `{days}`, `{agent}`, `{town}` and `{carrier}` are filled in.
///
/// No phrase has a letter that JSON must escape: a test holds them to it.
struct Phrase: Sendable {
    enum Gap: UInt8, CaseIterable, Sendable { case product, order, days, agent, town, carrier }
    enum Piece: Sendable {
        case letters([UInt8])
        case gap(Gap)
    }

    let pieces: [Piece]

    init(_ text: String) {
        var pieces: [Piece] = []
        var rest = text[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            if open > rest.startIndex { pieces.append(.letters(Array(rest[..<open].utf8))) }
            let name = rest[rest.index(after: open)..<close]
            if let gap = Gap.allCases.first(where: { "\($0)" == name }) { pieces.append(.gap(gap)) }
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { pieces.append(.letters(Array(rest.utf8))) }
        self.pieces = pieces
    }
}

enum Phrases {
    static let all: [[Phrase]] = Topic.allCases.map { topic in topic.texts.map(Phrase.init) }

    enum Topic: UInt8, CaseIterable, Sendable {
        case late, damaged, wrong, question, replyLate, replyDamaged, replyQuestion, callLate, callDamaged, callQuestion, callOrder
        case lowLate, low, middle, high, deliveredWell, deliveredLate, review, badReview, socialPraise, socialLate
        case callMoved
    }
}

extension Phrases.Topic {
    // Each list is prose of people in different moods: short, long, dry, angry, kind.
    var texts: [String] {
        switch self {
        case .late:
            [
                "My {product} was promised {days} days ago and the tracking page has not moved since. Where is it?",
                "I stayed at home again today for {order}. Nobody came and nobody rang. This is the second time.",
                "Could somebody tell me the truth about {order}? Not a window from eight to eight, a day.",
                "The {product} was for a birthday. The birthday was last week.",
                "{carrier} says they are waiting for you, you say it is with {carrier}. I am the one without a {product}.",
                "It is now {days} days late. I would like to know when it comes, or my money back.",
                "I have booked a person to put the {product} together tomorrow. Do I send them away?",
                "Still nothing. I am not cross about the wait so much as about hearing nothing.",
                "{order}: out for delivery since this morning, for the third day.",
                "Is there a real person who can look up where the {product} is?",
            ]
        case .damaged:
            [
                "The {product} came with a corner crushed. The box looked as if it had been dropped from a height.",
                "One leg of the {product} is split along the grain. I have photographs.",
                "There is a long scratch across the top of the {product}. I had so looked forward to it.",
                "Two of the pieces in {order} are broken, the rest is lovely. What do we do?",
                "The glass arrived in more parts than it left with, I think.",
            ]
        case .wrong:
            [
                "I ordered the {product} and got something quite different. The slip in the box says {order} is complete.",
                "The colour of the {product} is not what I chose. Can it be swapped without sending everything back?",
                "There is one {product} too few in {order}.",
            ]
        case .question:
            [
                "Does the {product} come put together, or do I need tools?",
                "Is the {product} all right outdoors under a roof?",
                "What is the depth of the {product}? The page gives width and height only.",
                "If I order the {product} today, does it come to {town} before the weekend?",
                "How do I look after the {product}? Oil, wax, nothing?",
                "Can I collect the {product} from the shop instead?",
                "Is the {product} coming back? The page has said soon since the summer.",
                "Could {order} go to my mother’s address instead of mine?",
                "I would like two of the {product} from the same batch. Is that possible?",
            ]
        case .replyLate:
            [
                "I am sorry. Your {product} is at the depot and {carrier} has put it on the van for tomorrow; I will check in the morning and write to you.",
                "You are right to be cross. I have asked {carrier} for a day in writing and taken the delivery charge off {order}.",
                "I have looked: it was left behind on Monday. It is booked again, and you will get a text with the hour. {agent}",
            ]
        case .replyDamaged:
            [
                "That should not have left our hands like this. A new {product} goes out tomorrow; the driver takes the old one along.",
                "I am sorry about the {product}. Keep it, and I refund half, or we swap it: which suits you? {agent}",
            ]
        case .replyQuestion:
            [
                "It comes with the legs off; ten minutes and the key in the box are all it takes. {agent}",
                "Yes, as long as rain does not stand on it. A little wood care oil twice a year keeps the colour.",
                "I have asked the workshop and will write to you today. {agent}",
                "Gladly: choose the shop when you check out, and bring the order number.",
            ]
        case .callLate:
            [
                "Rang about {order}, {days} days late. Calm but tired of it. Promised to ring back with a day.",
                "Third call about the {product}. Wants the delivery charge back. Passed on to the team lead.",
                "Took a day off for {order}. Very angry at first, fine at the end. Booked with {carrier} again.",
            ]
        case .callDamaged:
            [
                "The {product} arrived with a cracked panel. Will send photographs. New one ordered.",
                "Missing screws for the {product}. Posted a set today.",
            ]
        case .callQuestion:
            [
                "Asked whether the {product} fits a sloping ceiling. Measured together on the phone.",
                "Asked when the {product} is back. Put on the list.",
                "Checked the opening hours of the shop and whether it has the {product} on show.",
            ]
        case .callOrder:
            [
                "Wanted to order by phone: does not shop online. Took the order.",
                "Ordered the {product} from the catalogue. Read the address back twice.",
                "The page would not take the card. Ordered the {product} with me instead.",
                "Ordered for a friend who had recommended us. Delivery as usual.",
            ]
        case .lowLate:
            [
                "I was told Friday, then Monday, then nothing at all.",
                "I took a day off twice for a {product} that did not come.",
                "Everything is beautiful once it is here. It is the getting here.",
                "{days} days late and I had to find out by myself.",
                "I rang three times and explained it three times.",
                "The tracking page told me stories.",
            ]
        case .low:
            [
                "The {product} wobbles, and the return was hard work.",
                "The app lost my basket twice.",
                "Too dear for what it is.",
                "Nobody answered my question about the {product}.",
                "It looked better in the picture.",
            ]
        case .middle:
            [
                "Nice things, but there is always one small hitch.",
                "Good quality. Delivery could be clearer.",
                "Fine. Nothing wrong and nothing that I would tell a friend.",
                "The {product} is good, the packaging was a lot.",
                "I like the shop better than the website.",
            ]
        case .high:
            [
                "The {product} is my third from you. My sister has two.",
                "You can feel that somebody thought about it.",
                "The pictures are honest.",
                "Came in a box without any plastic. Thank you.",
                "The woman in the shop in {town} knew every board of it.",
                "I know what I will get.",
                "It survived two house moves and a toddler.",
            ]
        case .deliveredWell:
            [
                "Driver rang ahead. Lovely.",
                "On the day, at the hour, up the stairs.",
                "Quick, and they took the cardboard along.",
                "No trouble at all.",
                "Arrived a day early, even better.",
            ]
        case .deliveredLate:
            [
                "{days} days late without a word.",
                "The driver was kind. The wait was not.",
                "It came in the end.",
                "Left in the rain after I had waited in all week.",
                "Nobody could tell me where it was.",
            ]
        case .review:
            [
                "Solid, plain and made to last. The {product} looks as if it had always stood there.",
                "Better than in the pictures. The joints are a pleasure to look at.",
                "We use the {product} every day and it gets nicer.",
            ]
        case .badReview:
            [
                "The {product} itself is fine. Two weeks of waiting and three calls are not.",
                "The finish came off at one edge within a month.",
            ]
        case .socialPraise:
            [
                "The {product} from @harbourandpine survived the move. Nothing chipped.",
                "Sunday, rain, coffee, the new {product}. Well done @harbourandpine",
                "Who knew a {product} could make a hallway",
            ]
        case .socialLate:
            [
                "@harbourandpine {days} days. One {product}. No answer. Anybody there?",
                "Day {days} of waiting for my {product} from @harbourandpine. I have named it.",
                "Dear @harbourandpine, your parcel tracking is the best fiction I have read this year.",
            ]
        case .callMoved:
            [
                "Has moved house and gave the new address in {town}. Asked how soon a bed could be there.",
                "New address in {town}, written down and read back. Still living out of boxes.",
                "Moved to a larger place in {town}. Wants the catalogue sent to the new door.",
            ]
        }
    }
}
