import Ledger

extension ChannelRules {
    /// The rules that every installation has; a company's own come before them.
    ///
    /// Event names are those of Segment's e-commerce, e-mail, push, live chat and mobile specifications, and the usual ones
    /// of what they leave out.
    package static let standard = ChannelRules(
        events: standardEvents, libraries: standardLibraries,
        paid: Marks(
            mediums: [
                "cp*", "ppc", "paid*", "*ads", "display", "banner*", "retargeting", "remarketing", "affiliate*", "sponsored*", "programmatic",
                "interstitial", "advertorial",
            ],
            sources: ["adwords", "*ads"],
            clickIDs: ["gclid", "gbraid", "wbraid", "dclid", "msclkid", "ttclid", "twclid", "li_fat_id", "yclid", "epik", "irclickid", "awc"]),
        earned: Marks(
            mediums: [
                "referral", "organic*", "social*", "earned", "pr", "press", "review*", "wordofmouth", "wom", "community", "forum", "blog", "podcast",
            ],
            sources: [], referrers: search + social),
        owned: Marks(
            mediums: [
                "email*", "mail", "newsletter*", "sms", "text", "mms", "whatsapp", "push*", "webpush", "inapp", "app", "letter", "directmail",
                "catalog*",
                "print", "qr*", "owned", "crm", "transactional", "survey", "chat", "invoice", "packaging",
            ],
            sources: ["newsletter*", "crm", "email"]),
        passing: [
            "paypal.com", "klarna.com", "stripe.com", "adyen.com", "mollie.com", "worldpay.com", "amazonpay.com", "pay.google.com",
            "accounts.google.com",
            "appleid.apple.com", "login.microsoftonline.com", "login.live.com",
        ])

    private static let standardEvents: [Event] = email + text + voice + shop + app

    private static let email: [Event] = [
        // Bounces and delays are reported by a mail system: nobody turned to anybody.
        Event("Email Bounced", channel: "email", direction: .internal), Event("Email Deferred", channel: "email", direction: .internal),
        Event("Email Dropped", channel: "email", direction: .internal),
        Event("Email Sent", channel: "email", direction: .out, media: .owned),
        Event("Email Delivered", channel: "email", direction: .out, media: .owned),
        // A reply or a message of their own: our medium brought nobody.
        Event("Email Received", channel: "email", direction: .in), Event("Email Replied", channel: "email", direction: .in),
        Event("Email *", channel: "email", direction: .in, media: .owned), Event("Unsubscribed", channel: "email", direction: .in, media: .owned),
        Event("Newsletter *", channel: "email", direction: .in, media: .owned),
    ]

    private static let text: [Event] = [
        Event("SMS Sent", channel: "sms", direction: .out, media: .owned), Event("SMS Delivered", channel: "sms", direction: .out, media: .owned),
        Event("SMS Failed", channel: "sms", direction: .internal), Event("SMS Link Clicked", channel: "sms", direction: .in, media: .owned),
        Event("SMS *", channel: "sms", direction: .in),
        Event("Push Notification Tapped", channel: "push", direction: .in, media: .owned),
        Event("Push Notification Opened", channel: "push", direction: .in, media: .owned),
        Event("Push Notification Dismissed", channel: "push", direction: .in, media: .owned),
        Event("Push Notification Bounced", channel: "push", direction: .internal),
        // "Received" by the device: we sent it.
        Event("Push Notification *", channel: "push", direction: .out, media: .owned),
        Event("Push *", channel: "push", direction: .out, media: .owned),
        // Segment's names are the visitor's view: they sent or received it.
        Event("Live Chat Message Received", channel: "chat", direction: .out), Event("Live Chat *", channel: "chat", direction: .in),
        Event("Chat Message Received", channel: "chat", direction: .out), Event("Chat *", channel: "chat", direction: .in),
        Event("Social Post Published", channel: "social", direction: .out, media: .owned),
        Event("Social Reply Sent", channel: "social", direction: .out, media: .owned),
        Event("Social *", channel: "social", direction: .in, media: .earned),
    ]

    private static let voice: [Event] = [
        Event("Call Made", channel: "phone", direction: .out), Event("Call Placed", channel: "phone", direction: .out),
        Event("Outbound Call *", channel: "phone", direction: .out), Event("Callback *", channel: "phone", direction: .out),
        Event("Call *", channel: "phone", direction: .in), Event("Phone Call *", channel: "phone", direction: .in),
        Event("Inbound Call *", channel: "phone", direction: .in), Event("Voicemail *", channel: "phone", direction: .in),
        Event("Letter Received", channel: "letter", direction: .in), Event("Letter *", channel: "letter", direction: .out, media: .owned),
        Event("Catalogue Sent", channel: "letter", direction: .out, media: .owned),
        Event("Catalog Sent", channel: "letter", direction: .out, media: .owned),
        Event("Store *", channel: "store", direction: .in), Event("In-Store *", channel: "store", direction: .in),
    ]

    private static let shop: [Event] = [
        // What we do to an order the customer only hears of.
        Event("Order Approved", direction: .internal), Event("Order Updated", direction: .internal), Event("Order Packed", direction: .internal),
        Event("Order Shipped", direction: .out), Event("Order Dispatched", direction: .out), Event("Order Delivered", direction: .out),
        Event("Order Refunded", direction: .out), Event("Refund Issued", direction: .out), Event("Delivery *", direction: .out),
        Event("Shipment *", direction: .out), Event("Invoice Sent", direction: .out), Event("Invoice Issued", direction: .out),
        Event("Survey Sent", direction: .out), Event("Survey Invitation *", direction: .out), Event("Coupon Sent", direction: .out),
        Event("Offer Sent", direction: .out),
    ]

    private static let app: [Event] = [
        Event("Install Attributed", channel: "app", direction: .internal), Event("Application Crashed", channel: "app", direction: .internal),
        Event("Application *", channel: "app", direction: .in), Event("Deep Link *", channel: "app", direction: .in),
    ]

    private static let standardLibraries: [Library] = [
        Library("analytics.js", channel: "web"), Library("@segment/analytics-next", channel: "web"), Library("analytics-next", channel: "web"),
        Library("*analytics-react-native*", channel: "app"), Library("analytics-ios*", channel: "app"), Library("analytics-swift*", channel: "app"),
        Library("analytics-android*", channel: "app"), Library("analytics-kotlin*", channel: "app"), Library("analytics-flutter*", channel: "app"),
        Library("analytics_flutter*", channel: "app"), Library("analytics-xamarin*", channel: "app"), Library("analytics-unity*", channel: "app"),
    ]

    private static let search = [
        "google.*", "bing.com", "duckduckgo.com", "yahoo.*", "search.yahoo.*", "ecosia.org", "qwant.com", "startpage.com", "baidu.com", "yandex.*",
        "naver.com", "seznam.cz", "search.brave.com", "kagi.com", "perplexity.ai", "chatgpt.com", "chat.openai.com", "gemini.google.com", "claude.ai",
        "copilot.microsoft.com",
    ]

    private static let social = [
        "facebook.com", "instagram.com", "t.co", "twitter.com", "x.com", "linkedin.com", "lnkd.in", "youtube.com", "youtu.be", "tiktok.com",
        "reddit.com",
        "pinterest.*", "threads.net", "threads.com", "snapchat.com", "whatsapp.com", "wa.me", "t.me", "telegram.org", "bsky.app", "mastodon.social",
        "xing.com", "vk.com", "weibo.com", "quora.com", "tumblr.com", "discord.com", "news.ycombinator.com", "trustpilot.com", "tripadvisor.*",
        "yelp.*",
    ]
}
