"""Texts of mails; none of them names the owner of an anonymous demand."""

REMINDER_SUBJECT = "技术需求即将到期 / A demand expires soon"
REMINDER_MAIL = """技术需求“{title}”({id})的发布期至 {day} 届满。如仍需要,请在到期前续期。

The demand "{title}" ({id}) is published until {day}. Renew it before if it is still needed.
"""

INTEREST_SUBJECT = "收到合作意向 / An expression of interest"
INTEREST_MAIL = """贵机构发布的“{title}”收到一份合作意向({id}),请登录处理。

There is an expression of interest ({id}) in your "{title}". Log in to accept or decline it.
"""

DECIDED_SUBJECT = "合作意向已有答复 / Your expression of interest was answered"
DECIDED_MAIL = """贵机构对“{title}”的合作意向({id})已有答复,请登录查看。

Your expression of interest ({id}) in "{title}" was answered. Log in to read the answer.
"""
