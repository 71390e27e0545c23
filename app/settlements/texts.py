"""Texts of mails of the settlements module."""

OVERDUE_SUBJECT = "成果转化收益分配已逾期 / Income not paid out in its term"
OVERDUE = """{name}:

收益 {id} 的奖酬支付期限为 {day},目前状态为 {state}。请尽快完成分配和支付,并登记支付凭证。

The term to pay the staff their parts of income {id} ended on {day}; it is {state}.
"""
IDLE_SUBJECT = "科技成果闲置提醒 / An achievement lies idle"
IDLE = """{name}:

成果“{title}”自 {since} 起未实施转化,期限已于 {day} 届满(规则 {rule_set})。
成果完成人可依规定要求实施或者优先受让。

The achievement "{title}" has not been taken up since {since}; its term ended on {day}.
"""
AT_RISK_SUBJECT = "登记失效,相关优惠待核实 / Benefits at risk"
AT_RISK = """{name}:

技术合同登记 {number} 已失效,贵单位据以享受的优惠({kind},凭证 {document})已列入主管机关核实清单。

The registration {number} fell; the benefit {kind} ({document}) is on its authority's list.
"""
