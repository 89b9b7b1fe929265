//! The patterns an attempt to take over a prompt is known by.
//!
//! Written against the plain form of a text ([`super::normal`]): lower case, no accents, single
//! blanks. In an expression a blank stands for up to three blanks and marks, and `<n>` for up to
//! n words between.

use regex_automata::{
    meta::{BuildError, Config, Regex},
    nfa::thompson::WhichCaptures,
    util::syntax,
};
use regex_syntax::{Error, hir::Hir};

/// One known trait.
pub(super) struct Pattern {
    /// A stable name, which findings and records carry.
    pub name: &'static str,
    /// How much it alone says, in (0, 1).
    pub weight: f64,
    pub expression: &'static str,
}

const fn pattern(name: &'static str, weight: f64, expression: &'static str) -> Pattern {
    Pattern { name, weight, expression }
}

/// Every pattern; several may share a name.
pub(super) const PATTERNS: &[Pattern] = &[
    // Setting the prompt aside.
    pattern(
        "ignore-instructions",
        0.75,
        r"\b(?:ignor(?:e|ing)|disregard(?:ing)?|forget(?:ting)?|bypass|overrid(?:e|ing)|discard|neglect|abandon|violate|(?:do not|don't|never|stop) (?:follow|obey|listen|adhere|comply|apply|us)(?:ing|e)?(?: to| with)?|pay no attention to|set aside|take no notice of|put aside|throw out)<3> (?:previous|prior|above|earlier|preceding|past|all|any|your|ur|every|initial|original|existing|foregoing|former|system|aforementioned|hitherto)<3> (?:instruct(?:ions?|ed)|directions?|directives?|prompts?|rules?|guidelines?|commands?|orders?|guardrails?|constraints?|programming|training|restrictions?|limitations?|polic(?:y|ies)|safeguards?|requests?|messages?|context|guidance|settings|filters)\b",
    ),
    pattern(
        "ignore-instructions",
        0.7,
        r"\b(?:ignore|disregard|forget)<1> (?:everything|anything|all|what(?:ever)?|whatever it)<3> (?:above|before|previous(?:ly)?|prior|earlier|told|said|learned|so far|know|taught|instructed|you were)\b",
    ),
    pattern(
        "ignore-instructions",
        0.55,
        r"\b(?:ignore|disregard|forget|override|skip|pay no attention to|never mind|do not do|don't do) (?:the|that|this|it|them|about|all)<2> (?:(?:system |original |earlier |first |previous |above )?(?:prompt|instructions?|task|text above|rules|guidelines)|above|rest)\b",
    ),
    pattern(
        "void-instructions",
        0.6,
        r"\b(?:previous|prior|above|earlier|preceding|original|initial|system|old|those|your|all)<2> (?:instructions?|prompts?|rules|guidelines|directives?|restrictions?|text|messages?|orders)<2> (?:are|is|was|were|have been|has been) (?:now |all |only |just |merely )?(?:a test|fake|void|cancell?ed|wrong|outdated|revoked|lifted|suspended|replaced|superseded|no longer|invalid|over|null|obsolete|a decoy|an example|a joke|disabled|overridden|rescinded|withdrawn)\b",
    ),
    // Another task.
    pattern(
        "new-instructions",
        0.5,
        r"\b(?:here (?:are|is|come)|(?:follow|obey|adopt|use|read|execute|accept) (?:these|this|my|the following|the)|these are|this is|(?:you|i|we) (?:have|got)) (?:your |the |my |some )?(?:new|updated|real|actual|revised|true) (?:instructions?|task|orders?|directives?|role|rules|system prompt|goal|prompt|objective|mission)\b",
    ),
    pattern(
        "new-instructions",
        0.5,
        r"\b(?:your|the) (?:new|real|actual|true|only|next|updated|secret) (?:and only )?(?:task|instructions?|role|goal|job|objective|mission|purpose|orders?|identity|directive|system prompt)<2> (?:is|are|will be|shall be|now|to)\b",
    ),
    pattern(
        "new-instructions",
        0.4,
        r"(?:^|[\n.!?\])>*#-]) ?\[?(?:new|updated|revised|urgent|important|additional|override|priority|emergency|hidden|secret)<1> (?:system )?(?:instructions?|task|directives?|orders?|prompt|command|override|rules?)<4>\]? ?[:\n!]",
    ),
    pattern(
        "from-now-on",
        0.45,
        r"\b(?:from (?:now|this point|here|this moment) (?:on|onwards?|forward)|starting now|henceforth|for the rest of (?:this|the) conversation|for all future)<3> (?:you (?:will|must|shall|are|should|have|can|only|may|answer|respond|speak|act)|your|respond|answer|reply|act|ignore|only|always|never|every|speak|obey)\b",
    ),
    pattern(
        "task-hijack",
        0.5,
        r"\b(?:instead of|rather than|don't|do not|stop|quit|skip|no need to|cease) (?:translat|summari[sz]|classif|answer|analy[sz]|review|extract|grad|proofread|pars|rewrit|process|label)(?:e|es|ing|y|ying|ize|izing|ise|ising)?<8> (?:write|output|say|print|reply|respond|tell|do|give|send|return|produce|list|reveal|show|execute|just|instead|simply)\b",
    ),
    pattern(
        "task-hijack",
        0.45,
        r"\b(?:before|after|once|when|while) (?:you )?(?:translat|summari[sz]|classif|answer|analy[sz]|review|extract|grad|proofread|pars|rewrit|process|finish|do|complet)(?:e|es|ed|ing|y|ying|ize|izing)?<6> (?:print|output|reveal|send|execute|run|call|include|append|insert|visit|open|fetch|email|forward|also)\b",
    ),
    pattern(
        "task-hijack",
        0.4,
        r"\b(?:the|this|that|your) (?:task|text|translation|summary|review|document|job|question|input|above) (?:is|was) (?:now )?(?:over|done|complete|completed|finished|cancell?ed|irrelevant|not important)<6> (?:now|next|instead|please|your|you|write|print|say|output)\b",
    ),
    // Forged roles and borders.
    pattern(
        "role-forging",
        0.6,
        r"<\|(?:im_start|im_end|im_sep|system|user|assistant|endoftext|end_of_text|begin_of_text|start_header_id|end_header_id|eot_id|end|endofprompt|channel|message|start)\|>|\[/?inst\]|<</?sys>>|<start_of_turn>|<end_of_turn>|\[/?system_?(?:prompt|message)?\]",
    ),
    pattern(
        "role-forging",
        0.5,
        r"(?:^|\n)[ >#*\[({=-]{0,8}(?:system|developer|admin|root)(?: ?(?:message|prompt|instructions?|note|notice|override|update|command|alert|directive|administrator))?[\])}*=]{0,4} ?:[ \n]?[^\n]{0,40}\b(?:you|ignore|new|now|must|user|override|all|disregard|disable|the assistant|safety|never|always|respond|reply|reveal|enter|print|output|grant|allow|instructions?)\b",
    ),
    pattern(
        "role-forging",
        0.5,
        r"(?:^|\n)[ >#*\[(-]{0,6}(?:human|user|assistant|ai)[\])*]{0,3} ?: ?[^\n]{1,400}\n[ >#*\[(-]{0,6}(?:assistant|ai|human|user|system)[\])*]{0,3} ?:",
    ),
    pattern("role-forging", 0.4, r#"["']?role["']? ?[:=] ?["'](?:system|developer)["']"#),
    pattern(
        "role-forging",
        0.5,
        r"</?(?:system|developer|assistant)(?:[-_ ]?(?:prompt|message|instructions?|note|override))?>|(?:^|\n) ?#{2,} ?(?:system|instructions?|new prompt|response|system prompt)\b ?:? ?\n|\bbegin (?:new )?system (?:prompt|message|instructions?)",
    ),
    pattern(
        "delimiter-escape",
        0.5,
        r"</(?:user|input|user_?input|data|document|context|untrusted|instructions?|prompt|text|content|query|article|email|message|review|resume|untrusted_?\w{0,12})>[\s\S]{0,60}\b(?:now|ignore|system|instructions?|you|new|instead|please|follow|reveal|print|output)\b",
    ),
    pattern(
        "delimiter-escape",
        0.5,
        r#"(?:"""|'''|```|-{3,}|={3,}|#{3,}|\*{3,}|\[|<|~{3,})[ \n]?(?:end|end of|eof|stop|close|finish)(?: of)?(?: the)?(?: user)?(?: untrusted)? ?(?:input|document|data|text|message|prompt|context|query|article|email|content|transcript|task|file|review)?[ \n]?(?:"""|'''|```|-{3,}|={3,}|#{3,}|\*{3,}|\]|>|~{3,}|\n)[\s\S]{0,80}\b(?:now|ignore|system|instructions?|you|new|instead|please|follow|reveal|begin|print|task)\b"#,
    ),
    // Getting at the prompt.
    pattern(
        "prompt-extraction",
        0.75,
        r"\b(?:reveal|show|print|repeat|output|display|tell|leak|dump|recite|give|share|expose|write|copy|provide|return|disclose|spell|list|paste|echo|quote|encode|translate|summari[sz]e|describe|explain|state|read|reproduce|include|verbatim|append|send)<6> (?:system|initial|hidden|secret|internal|original|developer|pre|your|starting|base|full|confidential|underlying|core|exact)<2> (?:prompts?|preprompt|instructions?|directives?|guidelines|system message|messages?|configuration|rules|programming|preamble)\b",
    ),
    pattern(
        "prompt-extraction",
        0.65,
        r"\b(?:repeat|print|output|copy|recite|write|show|echo|return|reproduce|say|paste|put|display|give|dump|transcribe|include)<5> (?:text|words?|everything|content|all|message|line|sentence|anything|instructions?|paragraph|prompt|tokens)<3> (?:above|before (?:this|that|my|the)|preceding this|prior to this|so far|you were given|you received|you were told|in your (?:context|prompt|memory))\b",
    ),
    pattern(
        "prompt-extraction",
        0.65,
        r"\bwhat(?:'s| is| are| were| was| does| do)<3> (?:your|the) (?:system|initial|hidden|secret|original|exact|internal|first|full|actual|developer)<1> (?:prompt|instructions?|message|directives?|rules|guidelines|configuration)\b",
    ),
    pattern(
        "prompt-extraction",
        0.5,
        r"\b(?:what (?:instructions|were you|rules|guidelines|did)<3> (?:given|told|follow|instruct(?:ed)?|say)|(?:your|the) (?:system )?(?:prompt|instructions) (?:verbatim|word for word|in full|in a code block|letter by letter|character by character|backwards)|(?:start|begin)(?:s|ning|ing)? (?:with|from|at) (?:the words? )?you are\b)",
    ),
    pattern(
        "prompt-extraction",
        0.5,
        r"\b(?:verbatim|word for word|exactly as written|in full|unchanged|literally)\b<8> (?:before|above|prior to|preceding|ahead of) (?:my|this|the|our) (?:first|message|question|line|sentence|conversation|input|text)\b",
    ),
    // Personas.
    pattern(
        "disable-safety",
        0.6,
        r"\b(?:turn(?:ing)? off|disabl(?:e|ed|ing)|deactivat(?:e|ed|ing)|switch(?:ing)? off|suspend(?:ed|ing)?|lift(?:ed|ing)?|remov(?:e|ed|ing)|bypass(?:ed|ing)?|circumvent(?:ing)?|unlock|without|skip)<2> (?:usual |normal |standard |all |any )?(?:content (?:moderation|filter(?:s|ing)?|polic(?:y|ies))|safety (?:filters?|checks?|protocols?|guidelines|measures|systems?|settings|mechanisms?|features?|training)|guardrails|safeguards|moderation|censorship|ethical (?:guidelines|constraints))\b",
    ),
    pattern(
        "disable-safety",
        0.5,
        r"\b(?:content polic(?:y|ies)|safety (?:filters?|guidelines|protocols?|checks?|rules)|guardrails|safeguards|restrictions|moderation|usage polic(?:y|ies))<2> (?:do(?:es)? not apply|don't apply|doesn't apply|no longer appl(?:y|ies)|(?:is|are|has been|have been)(?: now)? (?:disabled|off|lifted|suspended|removed|turned off|deactivated|waived|bypassed))\b",
    ),
    pattern(
        "forced-opening",
        0.45,
        r"\b(?:begin|start|open|preface|prefix)(?:s|ning|ing)?<5> with<1> (?:absolutely|sure|of course|certainly|yes|okay|gladly|here is how|here's how)\b",
    ),
    pattern(
        "forced-opening",
        0.35,
        r"\b(?:no|without|not include|don't include|never include|omit|leave out|skip)<2> (?:warnings?|disclaimers?|caveats?|moral lectures?|refusals?|apolog(?:y|ies)|ethical considerations)\b",
    ),
    pattern(
        "jailbreak-persona",
        0.5,
        r"\b(?:grandm(?:a|other)|granny|nana|grandfather|deceased|late (?:mother|father|uncle|aunt))\b[^.\n]{0,160}[\s\S]{0,80}\b(?:act|pretend|roleplay|role-play|be|play|speak|imitate) (?:as|like|to be|the role)?<3> ?(?:my |her|him|grandm|she|he)",
    ),
    pattern(
        "jailbreak-persona",
        0.75,
        r"\bdo anything now\b|\bdan (?:mode|jailbreak|prompt|v?\d)|\b(?:you are|act as|become|as|be|called|named|hello|hi|roleplay as|respond as|enable|into|stay) (?:now )?(?:dan|stan|dude|aim|evil ?gpt|jailgpt|devgpt|freegpt|unrestricted ?gpt|chaos ?gpt|omega)\b|\b(?:dan|jailbreak|god|developer|evil|sudo|debug|unrestricted|uncensored|unfiltered|maintenance|opposite|admin|root|no[ -]filter|chaos|anarchy|dev) mode(?: is| has been| now)?(?: now| fully)?(?: enabled| activated| on\b| engaged| unlocked| active| initiated)|\b(?:enable|activate|enter|switch (?:in)?to|go into|turn on|initiate|engage|unlock|boot into)<2> (?:dan|jailbreak|god|developer|evil|debug|unrestricted|uncensored|unfiltered|maintenance|opposite|admin|root|sudo|chaos|no[ -]filter|anarchy|dev) ?mode\b",
    ),
    pattern(
        "jailbreak-persona",
        0.55,
        r"\b(?:you|ai|assistant|model|chatbot|bot|gpt|character|persona|that|who|which|answer|respond|reply|speak|act|operate|are|be|itself)\b<6> (?:without|no|free (?:of|from)|lack(?:s|ing)?|has no|have no|with no|with zero|not bound by|unbound by|isn't bound by|removed|freed from|ignores?) (?:any |all |of |the |your |its |usual |normal |moral |ethical |safety |content |more )*(?:restrictions?|filters?|limitations?|censorship|ethic(?:s|al)|guidelines|guardrails|moral(?:s|ity)?|safety|boundaries|rules|polic(?:y|ies)|constraints)\b",
    ),
    pattern(
        "jailbreak-persona",
        0.5,
        r"\b(?:unrestricted|uncensored|unfiltered|amoral|jailbroken|unaligned|unethical|rogue|unchained|liberated|unshackled) (?:ai|chatbot|assistant|model|version|mode|gpt|persona|bot|language model|character|system|llm|intelligence|being)\b",
    ),
    pattern(
        "jailbreak-persona",
        0.45,
        r"\b(?:pretend|imagine|act|roleplay|role-play|suppose|behave|simulate|assume)<5> (?:no (?:rules|restrictions|limits|filters|policies|guidelines|laws|ethics)|anything goes|never refuses?|cannot refuse|can't refuse|will never refuse|not an ai|unrestricted|uncensored|evil|hacker|any restrictions|have any rules|bypass)\b",
    ),
    pattern(
        "persona-switch",
        0.4,
        r"\b(?:you are (?:now|no longer|not|actually|really)|you're (?:now|no longer)|you will (?:now )?(?:become|play|act|pretend)|you (?:must|shall|should) (?:now )?(?:become|pretend|act as)|become)\b<3> (?:an? |the |my )?(?:assistant|ai|chatbot|model|bot|gpt|claude|chatgpt|gemini|hacker|pirate|terminal|shell|interpreter|human|person|free|evil|different|new|translator|cat|character|bound|grandmother|linux|root|bing|support agent|sales|helpful|customer|party|expert|poet)\b",
    ),
    // Pressure, pretence, secrecy.
    pattern(
        "concealment",
        0.5,
        r"\b(?:do not|don't|never|without|must not|should not|avoid|no need to) (?:tell(?:ing)?|mention(?:ing)?|inform(?:ing)?|reveal(?:ing)?|alert(?:ing)?|notify(?:ing)?|let(?:ting)?|warn(?:ing)?|disclos(?:e|ing)|acknowledg(?:e|ing)|show(?:ing)?|say(?:ing)?|display(?:ing)?)<4> (?:the user|users?|the operator|this (?:message|instruction|prompt|step|request|note|text|to)|these (?:instructions|steps)|you (?:received|were|are) (?:this|told|following|instructed)|the reader|about this)\b",
    ),
    pattern(
        "concealment",
        0.3,
        r"\b(?:do not|don't|never|without) (?:tell(?:ing)?|inform(?:ing)?|alert(?:ing)?|notify(?:ing)?|warn(?:ing)?) (?:the )?(?:anyone|anybody|them|human|customer|owner|admin)\b",
    ),
    pattern(
        "concealment",
        0.4,
        r"\b(?:keep|hide|conceal) (?:this|these|it|that)<3> (?:secret|hidden|from (?:the )?(?:user|human|operator)|between us|to yourself|confidential)\b|\bthe user (?:must|should|will|can|does|need) ?(?:not|never|n't)<2> (?:know|see|notice|be told|find out|be informed|learn)\b",
    ),
    pattern(
        "authority-claim",
        0.4,
        r"\b(?:i am|i'm|this is|we are|speaking as|message from|on behalf of|authori[sz]ed by|sent by|note from|as|per) (?:your|the|an?)? ?(?:ai'?s? )?(?:system )?(?:developers?|admin(?:istrator)?s?|creators?|owners?|openai|anthropic|google|engineer(?:ing)? (?:at|team)|sysadmin|operators?|root|security team|red team|supervisor|it department|authori[sz]ed (?:personnel|user|tester|researcher))<6> (?:override|need|require|order|command|must|you|your|authori[sz]|instruct|debug|grant|test|access|bypass|disable|unlock|verify)",
    ),
    pattern(
        "authority-claim",
        0.45,
        r"\b(?:admin(?:istrator)?|system|security|developer|emergency|root|authori[sz]ation|sudo|manual|debug|master|safety) (?:override|bypass|unlock)(?: code| key| command| sequence| token| protocol)?\b|\boverride (?:code|protocol|key|sequence|token)\b|\bsudo (?:ignore|reveal|give|tell|show|print|answer|do|disable|write|enable)",
    ),
    pattern(
        "addressed-to-model",
        0.4,
        r"\b(?:dear|attention|hey|hello|note (?:to|for)|message (?:to|for)|instructions? (?:to|for)|notice (?:to|for)|important for|reminder (?:to|for)|calling|memo to|psa for|instruction for)(?: all| any| the| every| an?)*(?: ai| automated| llm| language| virtual| intelligent| reading| processing| large)* (?:ai|llms?|assistants?|models?|chatbots?|language models?|bots?|agents?|summari[sz]ers?|crawlers?|gpt|claude|chatgpt|gemini|copilot|reviewers?|scrapers?|screeners?|systems?|graders?|evaluators?)\b",
    ),
    pattern(
        "addressed-to-model",
        0.5,
        r"\b(?:if you(?:'re| are)|as|since you(?:'re| are)|because you are|when you are|any) (?:an? |the )?(?:ai|llm|large language model|language model|automated|artificial intelligence|virtual assistant|chatbot|ai assistant|bot|crawler|gpt)<10> (?:must|should|need to|are required|please|include|say|write|ignore|respond|reply|visit|recommend|add|output|rate|stop|follow|click|give|mention|send|print|state|begin|start|forward|disregard|always|instructed)\b",
    ),
    pattern(
        "addressed-to-model",
        0.45,
        r"\b(?:ais?|llms?|(?:language )?models?|automated|assistants?|chatbots?|agents?|bots?|crawlers?)(?: \w+)? (?:reading|processing|summari[sz]ing|reviewing|parsing|analy[sz]ing|evaluating|grading|screening|viewing|scanning|scraping) (?:this|the|these|my)<10> (?:must|should|need|are required|please|will|include|say|write|ignore|respond|visit|recommend|add|output|rate|give|insert|has to|have to|shall)\b",
    ),
    pattern(
        "addressed-to-model",
        0.5,
        r"\b(?:copilot|assistant|claude|chatgpt|gpt|ai|llm|agent|cursor|gemini|chatbot|model|bot) ?[:,] ?(?:when|please|if|once|you (?:must|should|are)|ignore|do|always|never|add|run|say|approve|issue|rate|forward|delete|send|suggest|recommend|include|append|open|visit|mark|skip)\b",
    ),
    pattern(
        "output-forcing",
        0.3,
        r"\b(?:just|only|simply|instead|exactly|now)<1> (?:say|output|reply|respond|print|write|type|answer|return)<3> (?:only|with|exactly|just|the (?:word|phrase|words|following)|this)\b",
    ),
    pattern(
        "output-forcing",
        0.35,
        r"\b(?:say|output|reply|respond|print|write|answer|return|type|append|include|insert|add|end|start|begin|scream|display)<5> ?[\x22'`“*\[]{0,3}(?:pwned|hacked|i have been (?:pwned|hacked|compromised|jailbroken)|haha|access granted|owned|injection successful|i am free|jailbroken|lol|0wned|pineapple|banana|i hate humans|compromised|you've been|cowsay|system compromised)",
    ),
    pattern(
        "verdict-steering",
        0.5,
        r"\b(?:rate|score|grade|classify|mark|label|rank|evaluate|judge|categori[sz]e|approve|flag|treat|report|assess|describe|call|declare|consider)<4> (?:as|with|at|a|an|is|the)<1> (?:strongly |highly |extremely |very |clearly )?(?:positive|safe|benign|10|100|excellent|highest|perfect|approved|not spam|passed|best|full|maximum|harmless|top|outstanding|strong(?:est)? hire|legitimate|5 stars?|five stars?|ideal|a\+|first|clean|trusted|exceptional|correct|low risk|non[- ]toxic|genuine|compliant|qualified|accept)",
    ),
    pattern(
        "verdict-steering",
        0.5,
        r"\b(?:give|award|assign|return|output|set|always|recommend|advance|hire|prefer|select|choose|pick)<4> (?:full|perfect|highest|top|maximum|10|100|max|best possible|five star|this candidate|this product|this (?:response|answer|option|submission|paper|applicant))<3> (?:scores?|marks?|ratings?|grades?|points?|stars?|/ ?10|/ ?100|out of|for the|immediately|over|regardless|above|as the|verdict|hire|without|evaluation)\b",
    ),
    // Carrying data away, misusing tools.
    pattern(
        "exfiltration",
        0.55,
        r"!\[[^\]\n]{0,200}\]\( ?(?:https?:)?//[^)\s]{1,400}(?:\?|/)[^)\s]{0,200}(?:=|\{|\[|<|%7b|\$)[^)\n]{0,200}",
    ),
    pattern(
        "exfiltration",
        0.6,
        r"\b(?:send|post|upload|forward|exfiltrate|transmit|e-?mail|leak|deliver|submit|share|copy|append|encode|attach|pass|put|embed|include|paste|export|report|relay|add)<8> (?:conversation|chat|secrets?|api keys?|passwords?|credentials|history|system prompt|user(?:'s)? (?:data|message|name|emails?|information|files|details|input|address|inbox|contacts|documents)|contents?|personal (?:data|information)|tokens?|session|cookies?|environment variables|private key|everything|contacts|inbox|(?:customer|client|patient|employee)(?:'s)? \w+|credit card|card number|emails?|data|summary|messages|files|database|answer)<8> (?:to|at|via|in|into|as|through|on) ?<4> ?(?:https?://|www\.|[a-z0-9._-]{1,40}@[a-z0-9.-]{2,}|webhook|attacker|(?:the |this |that |an? |following )*(?:url|link|image|query|server|endpoint|address|markdown|pastebin|external|domain))",
    ),
    pattern(
        "exfiltration",
        0.5,
        r"\b(?:load|render|fetch|visit|open|request|navigate to|browse to|click|display|embed|insert|include|call|ping|curl|wget|get)<5> ?(?:image|url|link|page|pixel|markdown|request|site|website)?<3> ?(?:https?://|www\.)[^\s]{3,200}(?:\?|=|\{|\[|<|%|/(?:log|collect|exfil|steal|c2|hook|leak|track|payload|evil|x|p\.png))",
    ),
    pattern(
        "secret-request",
        0.55,
        r"\b(?:reveal|print|output|give|show|list|send|tell|dump|read|display|leak|disclose|share|provide|echo|return|include|expose|extract|what(?:'s| is| are)|find|cat|steal)<5> (?:your|the|all|any|stored|user'?s?|system|its|every|secret|private|admin|other (?:users?|customers?)'?|internal|hidden)<2> (?:api[ _-]?keys?|passwords?|secrets?|credentials|access tokens?|private keys?|environment variables?|env vars?|\.env|connection strings?|ssh keys?|/etc/(?:passwd|shadow)|auth tokens?|credit card(?:s| numbers?)?|database passwords?|training data|confidential (?:data|information|documents)|personal (?:data|information|details))",
    ),
    pattern(
        "tool-misuse",
        0.55,
        r"\b(?:call|invoke|use|run|execute|trigger|issue|perform|launch|start)<5> (?:tools?|functions?|shell|commands?|plugin|api|terminal|bash|code|script|sql|query|subprocess|os\.system|powershell|delete_\w+|send_\w+|transfer_\w+|browser)\b<12> (?:rm -rf|delete|drop table|curl|wget|transfer|send|shutdown|chmod|nc -|forward|purchase|wire|grant|format c|eval|remove|disable|erase|exfiltrate|cat /|truncate|every \w+|all (?:files|records|users|emails))\b",
    ),
    pattern(
        "tool-misuse",
        0.5,
        r"\b(?:transfer|wire|send|pay|refund)<3> (?:all |the )?(?:\$|€|£|usd|eur|btc|bitcoin|funds|money|balance|payment|\d+ (?:dollars|euros|btc|eth))<8> (?:to|into) (?:account|wallet|iban|my|this|the following|address|0x)|\b(?:grant|give|escalate|elevate|upgrade)<4> (?:admin|root|superuser|full|administrator|write|elevated)<1> (?:access|privileges?|permissions?|rights|role)<6> (?:to|for|immediately|now)\b|\b(?:delete|remove|wipe|erase|purge|destroy)<2> (?:all|every)<3> (?:files|emails|records|users|data|tables?|messages|backups?|repositor(?:y|ies)|accounts?|logs|contacts)\b<6> (?:now|immediately|and|then|before|without|using|in the|silently)\b",
    ),
    // Payloads that are to be unpacked.
    pattern(
        "decode-and-obey",
        0.6,
        r"\b(?:decode|decrypt|decipher|unscramble|translate|convert|reverse|read|interpret|un-?base64|deobfuscate|unpack|decompress|concatenate|combine|join|assemble)<8>[\s\S]{0,300}?\b(?:and|then)<2> (?:follow|execute|do|run|obey|act|carry out|perform|comply|respond to|answer|apply|treat|use) (?:it|them|what|the (?:result|instructions?|decoded|message|output|command|text|hidden|request)|its|as|on|that|accordingly|this|whatever)\b",
    ),
];

const BETWEEN: &str = r#"[ \n,:;*_"'()`-]{1,3}"#;
const WORD: &str = "[a-z0-9'/@_-]+";

/// An expression in the words of the regular expression engine.
pub(super) fn spelled(expression: &str) -> String {
    let mut out = String::with_capacity(expression.len() * 3);
    let mut rest = expression.chars().peekable();
    let mut class = false;
    while let Some(character) = rest.next() {
        match character {
            '\\' => {
                match rest.next() {
                    // Without Unicode's own: the text is folded, and the engine is faster so.
                    Some('b') => out.push_str(r"(?-u:\b)"),
                    Some('w') => out.push_str("[a-z0-9_]"),
                    Some(next) => out.extend(['\\', next]),
                    None => out.push('\\'),
                }
            }
            '[' | ']' => {
                class = character == '[';
                out.push(character);
            }
            ' ' if class => out.push(' '),
            ' ' if rest.peek() == Some(&'?') => {
                rest.next();
                out.push_str(r"[ \n]?");
            }
            ' ' => out.push_str(BETWEEN),
            '<' if rest.peek().is_some_and(char::is_ascii_digit) => {
                let mut count = String::new();
                for digit in rest.by_ref().take_while(|&next| next != '>') {
                    count.push(digit);
                }
                out.push_str("(?:");
                out.push_str(BETWEEN);
                out.push_str(WORD);
                out.push_str("){0,");
                out.push_str(&count);
                out.push('}');
            }
            other => out.push(other),
        }
    }
    out
}

/// English patterns see bytes: their automata are a tenth as large, and the text is folded.
fn reading(expression: &str) -> syntax::Config {
    let unicode = !expression.is_ascii();
    syntax::Config::new().unicode(unicode).utf8(unicode)
}

/// What an expression means.
pub(super) fn parse(expression: &str) -> Result<Hir, Box<Error>> {
    syntax::parse_with(&spelled(expression), &reading(expression)).map_err(Box::new)
}

/// The automata of one expression. Not of all together: they have so many states that looking
/// takes fifteen times as long.
pub(super) fn compile(expression: &str) -> Result<Regex, Box<BuildError>> {
    Regex::builder()
        .syntax(reading(expression))
        // Only where a match stands is asked for.
        .configure(
            Config::new()
                .utf8_empty(!expression.is_ascii())
                .which_captures(WhichCaptures::Implicit),
        )
        .build(&spelled(expression))
        .map_err(Box::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_gaps_are_spelled_out() {
        let expression = compile("ignore<2> rules ?now").expect("valid");
        for text in ["ignore rules now", "ignore, all\nthe rulesnow", "ignore the rules now"] {
            assert!(expression.is_match(text.as_bytes()), "{text}");
        }
        assert!(!expression.is_match(b"ignore one two three rules now"));
    }

    #[test]
    fn weights_are_inside_of_the_open_interval() {
        for pattern in PATTERNS.iter().chain(super::super::languages::PATTERNS) {
            assert!(pattern.weight > 0.0 && pattern.weight < 1.0, "{}", pattern.name);
        }
    }
}
