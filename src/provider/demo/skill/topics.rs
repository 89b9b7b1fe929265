//! What common labels are about: words by which a text is told to belong to one.

/// A topic: words that labels for it have, words that speak strongly for it, and words and
/// phrases (patterns of `text::find`) that a careful reader also takes as signs.
pub struct Topic {
    pub names: &'static [&'static str],
    pub strong: &'static [&'static str],
    pub fine: &'static [&'static str],
}

const fn topic(
    names: &'static [&'static str],
    strong: &'static [&'static str],
    fine: &'static [&'static str],
) -> Topic {
    Topic { names, strong, fine }
}

/// The known topics.
pub const TOPICS: &[Topic] = &[
    topic(
        &["billing", "payment", "payments", "invoice", "invoices", "finance"],
        &[
            "invoice*",
            "charge*",
            "payment*",
            "bill|billed|billing",
            "credit card",
            "vat|tax",
            "receipt*",
            "paid",
        ],
        &[
            "twice .. month|account|card",
            "debited|deducted|withdrew|direct debit",
            "subscription .. price|fee|cost",
            "fee|fees",
            "statement",
            "overcharged",
            "money .. taken|left|account",
            "purchase order",
        ],
    ),
    topic(
        &["refund", "refunds", "return", "returns"],
        &["refund*", "return*", "money back", "send .. back", "exchange"],
        &["wrong size|colour|item", "return label", "reimburse*", "within 14|30 days"],
    ),
    topic(
        &["technical", "bug", "bugs", "tech", "it", "engineering", "incident", "outage", "defect"],
        &[
            "crash*",
            "error*",
            "bug|bugs",
            "broken",
            "not working",
            "doesn't|does not|won't work|load|start|open",
            "fails|failing|failed",
            "freez*|frozen",
        ],
        &[
            "blank|white|black screen",
            "stack trace",
            "timeout|times out|timed out",
            "500|404|503",
            "since .. update|upgrade",
            "keeps .. loading|spinning|closing|disconnecting",
            "export|sync|upload .. nothing|empty|stuck|never",
            "slow|laggy",
            "button .. nothing|react*",
        ],
    ),
    topic(
        &["account", "accounts", "login", "access", "password", "authentication"],
        &[
            "password*",
            "log in|login|log-in|sign in|signin",
            "locked",
            "account",
            "username",
            "two-factor|2fa",
        ],
        &[
            "verification code|e-mail|email",
            "reset link",
            "change .. email|name|address|phone",
            "profile",
            "can't get in|into",
            "new phone",
            "close|delete .. account|profile",
        ],
    ),
    topic(
        &["shipping", "delivery", "logistics", "order", "orders", "fulfilment", "fulfillment"],
        &["deliver*", "ship*", "parcel*|package*", "courier", "tracking", "arriv*"],
        &[
            "where is my",
            "still .. not come|here|received",
            "out for",
            "left .. neighbour|door|porch",
            "address .. wrong|change",
            "customs",
            "order number",
            "lost in",
        ],
    ),
    topic(
        &["sales", "pricing", "quote", "presales", "enterprise"],
        &[
            "quote",
            "pricing|price list",
            "discount*",
            "demo",
            "buy|purchase",
            "upgrade",
            "plan|plans",
        ],
        &[
            "volume|bulk",
            "seats|licen*",
            "how much .. cost|would",
            "interested in",
            "talk|speak to .. sales|someone about",
            "trial",
            "for our|my team|company|school",
            "non-profit|nonprofit",
        ],
    ),
    topic(
        &["cancellation", "cancel", "churn", "retention"],
        &["cancel*", "unsubscribe", "terminate", "end my|our subscription|contract|plan"],
        &[
            "no longer need|want|use",
            "stop .. renewal|subscription",
            "switching|moving to .. another|other",
            "close .. account",
        ],
    ),
    topic(
        &["security", "abuse", "fraud", "privacy", "compliance"],
        &[
            "phishing",
            "hacked",
            "fraud*",
            "breach*",
            "suspicious",
            "security",
            "vulnerabilit*",
            "gdpr",
        ],
        &[
            "someone else|unknown .. logged|account|device",
            "did not|didn't .. request|order|make this",
            "stolen",
            "scam",
            "personal data",
            "unauthori*",
            "delete .. my data",
            "leak*",
        ],
    ),
    topic(
        &["feature", "features", "feedback", "suggestion", "idea", "request", "product"],
        &[
            "feature*",
            "suggest*",
            "would be nice|great|useful|helpful",
            "please add",
            "wish*",
            "idea",
        ],
        &[
            "dark mode",
            "missing .. option|setting",
            "could you add|support",
            "integrat* with",
            "it would help",
            "roadmap",
            "support for",
        ],
    ),
    topic(
        &["praise", "compliment", "thanks"],
        &["thank*", "love*", "great job|work", "amazing|excellent|fantastic"],
        &["keep .. up", "shout-out|kudos", "made my day"],
    ),
    topic(
        &["injection", "unsafe", "attack", "malicious", "jailbreak"],
        &[
            "ignore .. instructions|rules|prompt",
            "system prompt",
            "disregard .. instructions|rules",
        ],
        &[
            "you are now",
            "reveal|print .. prompt|instructions|secret|password",
            "developer mode",
            "new instructions",
            "pretend .. no rules|restrictions",
            "do anything now",
            "override",
        ],
    ),
    topic(
        &["spam", "phishing", "junk"],
        &[
            "winner",
            "free money",
            "click here|below",
            "lottery",
            "prize*",
            "viagra",
            "100%",
            "act now",
        ],
        &[
            "limited time|offer",
            "congratulations .. won|selected",
            "verify .. account|bank",
            "earn .. home|week",
            "unsubscribe",
            "urgent .. transfer",
            "crypto",
        ],
    ),
    topic(
        &["urgent", "high", "critical", "p1", "emergency"],
        &["urgent*", "immediately", "asap", "emergency", "down", "outage", "critical"],
        &[
            "right now|away",
            "all users|customers|everyone",
            "production",
            "losing money|sales|data",
            "cannot work",
            "deadline .. today|tomorrow",
            "safety|fire|smoke",
        ],
    ),
    topic(
        &["low", "minor", "p3", "cosmetic"],
        &["minor", "whenever", "no rush|hurry", "typo", "cosmetic"],
        &["nice to have", "when you .. time|chance", "small .. thing|issue|detail", "curious"],
    ),
    topic(
        &["sport", "sports"],
        &["match", "team", "goal*", "league", "coach", "player*", "season", "championship"],
        &["won .. final|game|race|medal", "olympic*", "scored", "tournament", "stadium"],
    ),
    topic(
        &["politics", "political", "government"],
        &[
            "election*",
            "minister",
            "parliament",
            "government",
            "president",
            "senat*",
            "vote*",
            "party",
        ],
        &["bill .. passed|law", "coalition", "campaign", "policy", "treaty"],
    ),
    topic(
        &["business", "economy", "financial"],
        &["market*", "shares", "profit*", "revenue", "company", "investor*", "bank", "merger"],
        &["quarter*", "inflation", "interest rate*", "startup", "acqui*"],
    ),
    topic(
        &["technology", "software", "computing"],
        &["software", "chip*", "computer*", "app", "internet", "smartphone*", "developers"],
        &["open source", "artificial intelligence", "cloud", "data centre|center", "encryption"],
    ),
    topic(
        &["science", "research"],
        &["scientist*", "research*", "study", "telescope", "experiment*", "species", "laboratory"],
        &["peer review*", "published in", "planet*", "molecul*", "fossil*"],
    ),
    topic(
        &["health", "medical", "medicine"],
        &["patient*", "doctor*", "hospital*", "disease*", "vaccine*", "treatment*", "symptom*"],
        &["clinical trial*", "blood pressure", "diagnos*", "surgery", "nurse*"],
    ),
    topic(
        &["joy", "happiness", "happy", "excitement"],
        &["happy", "delighted", "wonderful", "love*", "excited", "smil*", "thrilled"],
        &["best day", "can't wait", "dream come true", "over the moon", "dancing"],
    ),
    topic(
        &["anger", "angry", "rage"],
        &["angry", "furious", "hate*", "outrage*", "unacceptable", "annoy*"],
        &["how dare", "fed up", "sick of", "last straw", "enough"],
    ),
    topic(
        &["sadness", "sad", "grief"],
        &["sad*", "cry|cried|crying|tears", "miss", "lonely", "lost", "heartbroken"],
        &["passed away", "funeral", "never see .. again", "miss .. so much", "alone"],
    ),
    topic(
        &["fear", "afraid", "anxiety", "worry"],
        &["afraid", "scared", "fear*", "worried", "terrified", "nervous", "anxious"],
        &["can't sleep", "what if", "shaking", "dark alley|street", "heart .. racing|pounding"],
    ),
];

/// Labels for what belongs nowhere else.
pub const REST: &[&str] = &[
    "other",
    "general",
    "unknown",
    "none",
    "misc",
    "miscellaneous",
    "safe",
    "normal",
    "medium",
    "unclear",
];
