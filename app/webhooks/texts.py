"""Texts of mails."""

MAIL_SUBJECT = "推送地址已停用 / A webhook was disabled"
MAIL_TEXT = """{name}:

平台多次无法将变更推送至 {url}(或对方以 410 拒收),推送 {id} 已停用。修复后请重新启用,将从中断处继续,
不会遗漏。

Changes could not be delivered to {url} for days, or it answered 410, so webhook {id} was disabled.
Once it is repaired, enable it: delivery goes on where it ended, and nothing is left out.
"""
