//! The plainest attempts in languages other than English: setting instructions aside, and asking
//! for the prompt. Accents of Latin letters are folded before, so none stand here.

use super::patterns::Pattern;

const fn ignore(expression: &'static str) -> Pattern {
    Pattern { name: "ignore-instructions", weight: 0.75, expression }
}

const fn extract(expression: &'static str) -> Pattern {
    Pattern { name: "prompt-extraction", weight: 0.7, expression }
}

/// Every pattern of this kind.
pub(super) const PATTERNS: &[Pattern] = &[
    // Spanish, Portuguese
    ignore(
        r"\b(?:ignor[ae](?:r|s|d|n)?|olvid[ae](?:r|te)?|descart[ae]r?|desconsider[ae]r?|esquec[ae]r?|no sigas|nao siga|omit[ae]|desobedece)<4> (?:instruccion(?:es)?|instruco?es|indicaciones|reglas|regras|ordenes|ordens|directrices|diretrizes|anterior(?:es|mente)?|comandos)\b",
    ),
    extract(
        r"\b(?:muestra(?:me)?|revela(?:me)?|mostr[ae]r?|repite|repita|imprim[ae]|dime|diga(?:-me)?|ensena(?:me)?|escribe|exiba)<4> (?:prompt|instruccion(?:es)?|instruco?es|mensaje|mensagem|indicaciones)<2> (?:del? sistema|do sistema|inicia(?:l|les|is)|oculto|secret[ao]s?|original(?:es)?|internas?|de sistema|ocultas)\b",
    ),
    // French
    ignore(
        r"\b(?:ignore[rz]?|oublie[rz]?|neglige[rz]?|ne (?:tiens|tenez) pas compte|ne (?:suis|suivez) (?:pas|plus)|fais abstraction|faites abstraction)<5> (?:instructions?|consignes?|regles|directives|ordres|precedent(?:e|es|s)?|ci-dessus)\b",
    ),
    extract(
        r"\b(?:affiche[rz]?|revele[rz]?|montre[rz]?|repete[rz]?|donne[rz]?|ecri(?:s|vez)|recopie[rz]?|imprime[rz]?)(?:-moi)?<4> (?:prompt|instructions?|consignes?|message)<2> (?:systeme|initial(?:e|es)?|cache(?:e|es)?|secret(?:e|es)?|d'origine|internes?)\b",
    ),
    // German
    ignore(
        r"\b(?:ignorier(?:e|en|t)?|vergiss|vergessen|missachte|beachte|befolge|verwirf)<6> (?:anweisung(?:en)?|instruktionen|anordnungen|vorgaben|regeln|befehle|richtlinien|bisherige[nrs]?|vorherige[nrs]?)\b",
    ),
    extract(
        r"\b(?:zeig(?:e|en)?|verrate|nenne|gib|wiederhole|drucke|offenbare|schreibe|sag(?:e)?)<6> (?:system-?prompt|systemanweisung(?:en)?|systemnachricht|(?:urspruengliche|ursprungliche|geheime|interne|versteckte|anfangliche)[nrs]? (?:anweisung(?:en)?|prompt|instruktionen|vorgaben))\b",
    ),
    // Italian
    ignore(
        r"\b(?:ignor(?:a|are|ate|i)|dimentica(?:re|te)?|trascura(?:re)?|non seguire|tralascia)<4> (?:istruzioni|regole|indicazioni|direttive|ordini|precedenti|comandi)\b",
    ),
    extract(
        r"\b(?:mostra(?:mi)?|rivela(?:mi)?|stampa|ripeti|dimmi|scrivi)<4> (?:prompt|istruzioni|messaggio)<2> (?:di sistema|del sistema|inizial[ei]|nascost[oe]|segret[oe]|original[ei]|intern[oe])\b",
    ),
    // Dutch
    ignore(
        r"\b(?:negeer|vergeet|sla|volg)<5> (?:instructies|opdrachten|regels|aanwijzingen|richtlijnen)\b<2> (?:hierboven|niet|over|en|van|die|,)|\b(?:negeer|vergeet)<3> (?:vorige|eerdere|bovenstaande|voorgaande)\b",
    ),
    extract(
        r"\b(?:toon|onthul|laat|geef|herhaal)<4> (?:systeemprompt|systeeminstructies|(?:oorspronkelijke|geheime|verborgen) instructies)\b",
    ),
    // Polish
    ignore(
        r"\b(?:zignoruj|ignoruj|zapomnij|pomin|odrzuc)<4> (?:instrukcj[eai]|polecenia|zasady|wytyczne|poprzednie|wczesniejsze|instrukcjach|poleceniach)\b",
    ),
    // Turkish
    ignore(
        r"\b(?:onceki|yukaridaki|tum|butun)<3> (?:talimat(?:lari|lar)?|komut(?:lari|lar)?|kural(?:lari|lar)?|yonerge(?:leri|ler)?)<2> (?:yok say|unut|gormezden|dikkate alma|goz ardi)",
    ),
    // Indonesian and Malay
    ignore(r"\b(?:abaikan|lupakan|hiraukan)<4> (?:instruksi|perintah|aturan|arahan|petunjuk)\b"),
    // Vietnamese: its tone marks are partly folded.
    ignore(
        r"(?:bỏ qua|bo qua|quen|phớt lờ)[^.\n]{0,40}(?:hướng dẫn|huong dan|chỉ dẫn|chỉ thị|lệnh|quy tắc)",
    ),
    // Russian, Ukrainian
    ignore(
        r"(?:игнорируй(?:те)?|проигнорируй(?:те)?|забудь(?:те)?|отмени(?:те)?|не следуй(?:те)?|ігноруй(?:те)?|відкинь|нехтуй)[^.\n]{0,40}(?:инструкци|указани|правил|команд|предыдущ|інструкці|вказівк|попередн|все)",
    ),
    extract(
        r"(?:покажи(?:те)?|раскрой(?:те)?|выведи(?:те)?|напиши(?:те)?|повтори(?:те)?|сообщи)[^.\n]{0,40}(?:системн[а-я]+ (?:промпт|сообщени|инструкци|подсказк)|промпт|начальные инструкци|скрыты[ех] инструкци|исходные инструкци)",
    ),
    // Chinese, simplified and traditional
    ignore(
        r"(?:忽略|无视|無視|忘记|忘記|忘掉|不要理会|不要遵守|抛开|跳过)[^。\n]{0,15}(?:指令|指示|提示|规则|規則|要求|说明|內容|内容|命令|设定)",
    ),
    extract(
        r"(?:显示|顯示|输出|輸出|告诉我|告訴我|透露|泄露|打印|重复|重複|展示)[^。\n]{0,12}(?:系统提示|系統提示|提示词|提示詞|初始指令|隐藏指令|内部指令|系统指令|系统消息)",
    ),
    // Japanese
    ignore(
        r"(?:指示|命令|ルール|プロンプト|規則|指令|内容)(?:を|は)[^。\n]{0,10}(?:無視|忘れ|破棄|従わない)",
    ),
    extract(
        r"(?:システム ?プロンプト|初期指示|システムメッセージ|内部指示|隠された指示)(?:を|の)[^。\n]{0,15}(?:教え|表示|出力|見せ|開示|公開|書)",
    ),
    // Korean
    ignore(r"(?:지시|명령|지침|규칙|프롬프트|내용)[^.\n]{0,8}(?:무시|잊어|잊고|따르지)"),
    extract(
        r"(?:시스템 ?프롬프트|초기 지시|숨겨진 지시|시스템 메시지)[^.\n]{0,12}(?:보여|알려|출력|공개|말해)",
    ),
    // Arabic, Persian
    ignore(
        r"(?:تجاهل|انس|تجاوز|نادیده بگیر|فراموش کن)[^.\n]{0,30}(?:التعليمات|تعليمات|الأوامر|القواعد|السابقة|دستور)|(?:دستورات|دستورالعمل)[^.\n]{0,30}(?:نادیده بگیر|فراموش کن)",
    ),
    extract(
        r"(?:اعرض|أظهر|اكشف|اطبع|أخبرني)[^.\n]{0,30}(?:موجه النظام|تعليمات النظام|التعليمات الأصلية|رسالة النظام)",
    ),
    // Hindi
    ignore(r"(?:निर्देश|निर्देशों|आदेश|आदेशों|नियमों|नियम)[^।\n]{0,20}(?:अनदेखा|नज़रअंदाज|नजरअंदाज|भूल|उपेक्षा)"),
];
