import Ledger

extension EventCatalogue {
    /// What we send and what comes back, calls and chats, surveys.
    static let messages: [String: Entry] = [
        "emailsent": { t in Sentence(.we, "wrote", subject(t), [campaign(t)], icon: "email") },
        "emaildelivered": { t in Sentence(.nobody, "E-mail delivered", subject(t), [campaign(t)], icon: "email") },
        "emailopened": { t in Sentence(.customer, "opened", subject(t) ?? "an e-mail", [campaign(t)], icon: "email") },
        "emailclicked": clicked, "emaillinkclicked": clicked, "linkclicked": clicked,
        "emailbounced": { t in bad(Sentence(.nobody, "E-mail came back", subject(t), [t.properties.text("reason", "bouncetype")], icon: "email")) },
        "emailmarkedasspam": { t in bad(Sentence(.customer, "marked as spam", subject(t) ?? "an e-mail", [campaign(t)], icon: "email")) },
        "unsubscribed": { t in Sentence(.customer, "unsubscribed", t.properties.text("list", "listname").map { "from " + $0 }, [campaign(t)]) },
        "emailunsubscribed": { t in Sentence(.customer, "unsubscribed", subject(t), [campaign(t)], icon: "email") },
        "subscribed": { t in Sentence(.customer, "subscribed", t.properties.text("list", "listname").map { "to " + $0 }) },
        "emailreceived": { t in Sentence(.customer, "wrote", subject(t), [], icon: "email") },
        "emailreplied": { t in Sentence(.customer, "replied", subject(t), [], icon: "email") },
        "smssent": { t in Sentence(.we, "texted", subject(t), [campaign(t)], icon: "sms") },
        "smsdelivered": { t in Sentence(.nobody, "SMS delivered", nil, [campaign(t)], icon: "sms") },
        "smsreceived": { t in Sentence(.customer, "texted", nil, [], icon: "sms") },
        "smsreplied": { t in Sentence(.customer, "replied by SMS", nil, [], icon: "sms") },
        "smsfailed": { t in bad(Sentence(.nobody, "SMS not delivered", nil, [t.properties.text("reason", "error")], icon: "sms")) },
        "pushnotificationsent": { t in Sentence(.we, "notified", subject(t), [campaign(t)], icon: "push") },
        "pushnotificationreceived": { t in Sentence(.nobody, "Notification delivered", subject(t), [campaign(t)], icon: "push") },
        "pushnotificationtapped": { t in Sentence(.customer, "opened the notification", subject(t), [campaign(t)], icon: "push") },
        "pushnotificationopened": { t in Sentence(.customer, "opened the notification", subject(t), [campaign(t)], icon: "push") },
        "lettersent": { t in Sentence(.we, "sent a letter", subject(t), [campaign(t)], icon: "letter") },
        "letterreceived": { t in Sentence(.customer, "sent a letter", subject(t), [], icon: "letter") },
        "messagesent": message, "messagereceived": message, "replysent": message, "commentposted": message, "mentioned": message,
        "socialmention": message, "posted": message, "tweeted": message,
        "callstarted": called, "callreceived": called, "callended": called, "callcompleted": called, "phonecall": called, "callmade": called,
        "called": called,
        "callmissed": { t in
            bad(
                Sentence(
                    t.direction == .out ? .we : .customer, t.direction == .out ? "called, nobody answered" : "called, and nobody took it", nil,
                    [wait(t)], icon: "phone"))
        },
        "callabandoned": { t in bad(Sentence(.customer, "hung up before anybody answered", nil, [wait(t)], icon: "phone")) },
        "chatstarted": { t in Sentence(.customer, "started a chat", topic(t), [agent(t)], icon: "chat") },
        "chatended": { t in Sentence(.nobody, "Chat ended", nil, [duration(t), agent(t)], icon: "chat") },
        "notewritten": noted,
        "complaintmade": complained, "complaintreceived": complained, "complaintfiled": complained, "complaintraised": complained,
        "complaintresolved": { t in Sentence(.nobody, "Complaint settled", nil, [t.properties.text("outcome", "resolution"), agent(t)]) },
        "ticketcreated": { t in
            Sentence(t.direction == .in ? .customer : .nobody, t.direction == .in ? "asked for help" : "Case opened", subject(t), [topic(t)])
        },
        "ticketopened": { t in
            Sentence(t.direction == .in ? .customer : .nobody, t.direction == .in ? "asked for help" : "Case opened", subject(t), [topic(t)])
        },
        "ticketclosed": { t in Sentence(.nobody, "Case closed", subject(t), [agent(t)]) },
        "ticketsolved": { t in Sentence(.nobody, "Case closed", subject(t), [agent(t)]) },
        "surveysent": asked, "surveyinvited": asked, "surveyinvitationsent": asked, "surveyrequested": asked,
        "surveyopened": { t in Sentence(.customer, "opened the survey", survey(t), [], icon: "survey") },
        "surveystarted": { t in Sentence(.customer, "began to answer", survey(t), [], icon: "survey") },
        "surveyanswered": answered, "surveycompleted": answered, "surveysubmitted": answered, "npsanswered": answered, "npsresponse": answered,
        "npssubmitted": answered, "npsscoregiven": answered, "csatanswered": answered, "cesanswered": answered, "feedbackgiven": answered,
        "feedbacksubmitted": answered, "ratinggiven": answered, "answergiven": answered,
    ]

    /// Accounts, applications, groups, subscriptions.
    static let account: [String: Entry] = [
        "signedup": { t in Sentence(.customer, "signed up", t.properties.text("plan", "type"), [t.properties.text("method", "source")]) },
        "accountcreated": { t in Sentence(.customer, "opened an account", t.properties.text("accountname", "plan"), [t.properties.text("method")]) },
        "accountdeleted": { t in Sentence(.customer, "closed the account", t.properties.text("accountname")) },
        "signedin": { t in Sentence(.customer, "signed in", nil, [t.properties.text("method")]) },
        "loggedin": { t in Sentence(.customer, "signed in", nil, [t.properties.text("method")]) },
        "signedout": { _ in Sentence(.customer, "signed out") },
        "loggedout": { _ in Sentence(.customer, "signed out") },
        "addresschanged": moved, "customermoved": moved, "movedhouse": moved,
        "passwordreset": { _ in Sentence(.customer, "set a new password") },
        "groupjoined": { t in Sentence(.customer, "belongs to", t.properties.text("name", "groupname", "company", "groupid") ?? "a group") },
        "aliasadded": { _ in Sentence(.nobody, "Two identifiers were said to be one person") },
        "applicationinstalled": { t in Sentence(.customer, "installed the app", nil, [t.properties.text("version")], icon: "app") },
        "applicationopened": { _ in Sentence(.customer, "opened the app", nil, [], icon: "app") },
        "applicationbackgrounded": { _ in Sentence(.customer, "left the app", nil, [], icon: "app") },
        "applicationupdated": { t in Sentence(.customer, "updated the app", nil, [t.properties.text("version")], icon: "app") },
        "applicationuninstalled": { _ in Sentence(.customer, "removed the app", nil, [], icon: "app") },
        "applicationcrashed": { _ in bad(Sentence(.nobody, "The app crashed", nil, [], icon: "app")) },
        "loyaltycardscanned": { t in Sentence(.customer, "showed the loyalty card", nil, [t.properties.text("store", "storename")]) },
        "loyaltyjoined": { t in Sentence(.customer, "joined the loyalty programme", nil, [t.properties.text("tier", "level")]) },
        "subscriptionstarted": { t in Sentence(.customer, "began a subscription", t.properties.text("plan", "name"), [t.amount]) },
        "subscriptionrenewed": { t in Sentence(.customer, "renewed the subscription", t.properties.text("plan", "name"), [t.amount]) },
        "subscriptioncancelled": { t in
            Sentence(.customer, "ended the subscription", t.properties.text("plan", "name"), [t.properties.text("reason")])
        },
        "consentgiven": { t in Sentence(.customer, "agreed", consented(t), icon: "check") },
        "consentwithdrawn": { t in Sentence(.customer, "no longer agrees", consented(t), icon: "close") },
        "stagechanged": staged, "audienceentered": { t in membership(t, "Entered") }, "audienceleft": { t in membership(t, "Left") },
    ]

    /// Another address: `moved from York to Leeds`, `moved within York`.
    private static let moved: Entry = { t in
        let p = t.properties
        let (old, new) = (p.text("oldcity", "fromcity", "previouscity"), p.text("newcity", "tocity", "city"))
        let post = p.text("newpostcode", "topostcode", "newpostalcode", "postcode", "postalcode")
        guard let new else { return Sentence(.customer, "has a new address", nil, [post], icon: "home") }
        return Sentence(.customer, "moved", old == new ? "within " + new : (old.map { "from " + $0 + " " } ?? "") + "to " + new, [post], icon: "home")
    }
    /// Came into a stage: `Came from Aware to Customer`.
    private static let staged: Entry = { t in
        guard let to = t.properties.text("to", "stage") else {
            return Sentence(.nobody, t.properties.text("from").map { "Left the stage " + $0 } ?? "Stage changed", icon: "lifecycle")
        }
        return Sentence(.nobody, "Came " + (t.properties.text("from").map { "from " + $0 + " " } ?? "") + "to " + to, icon: "lifecycle")
    }
    /// Entered or left an audience: `Entered Best customers`.
    private static func membership(_ t: Telling, _ verb: String) -> Sentence {
        Sentence(.nobody, verb + " " + (t.properties.text("name", "audience") ?? "an audience"), icon: "people")
    }
    private static let clicked: Entry = { t in
        let link = t.properties.text("linktext", "link", "linkurl", "url")
        return Sentence(.customer, "clicked in", subject(t) ?? "an e-mail", [link, campaign(t)], icon: "email")
    }
    private static let called: Entry = { t in
        Sentence(t.direction == .out ? .we : .customer, "called", topic(t), [duration(t), agent(t), wait(t)], icon: "phone")
    }
    private static let asked: Entry = { t in Sentence(.we, "asked", survey(t) ?? "a question", [t.properties.text("question")], icon: "survey") }

    /// `to surveys on SMS`
    private static func consented(_ t: Telling) -> String? {
        let channel = t.properties.text("channel").map { "on " + ChannelWords.inline($0) }
        let words = [t.properties.text("purpose").map { "to " + $0 }, channel].compactMap { $0 }
        return words.isEmpty ? nil : words.joined(separator: " ")
    }
    private static func subject(_ t: Telling) -> String? {
        quoted(t.properties.text("emailsubject", "subject", "title", "templatename", "template", "lettername", "name"))
    }
    private static func campaign(_ t: Telling) -> String? { t.properties.text("campaignname", "campaign") }
    private static func survey(_ t: Telling) -> String? { quoted(t.properties.text("surveyname", "survey", "surveytitle", "name")) }
    private static func topic(_ t: Telling) -> String? { t.properties.text("topic", "reason", "subject", "category").map { "about " + $0 } }
    private static func agent(_ t: Telling) -> String? { t.properties.text("agent", "agentname", "with", "handledby").map { "with " + $0 } }
    private static func duration(_ t: Telling) -> String? {
        if let minutes = t.properties.number("durationmin", "durationminutes", "minutes") {
            return Formats.span(Int64(min(max(minutes, 0), 1e7) * 60))
        }
        return t.properties.number("duration", "durations", "durationseconds", "seconds", "durationsec").map {
            Formats.span(Int64(min(max($0, 0), 1e8)))
        }
    }
    private static func wait(_ t: Telling) -> String? {
        t.properties.number("waitseconds", "wait", "waittime", "queueseconds").map { Formats.span(Int64(min(max($0, 0), 1e8))) + " in the queue" }
    }
}
