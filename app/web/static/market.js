"use strict";
// What a page cannot do alone: a running clock, suggestions, and an open auction that stays fresh.
(() => {
  const shanghai = (moment) =>
    new Date(moment + 8 * 3600e3).toISOString().slice(0, 19).replace("T", " ");

  for (const element of document.querySelectorAll("[data-clock]")) {
    const start = Date.parse(element.dataset.clock);
    const rate = Number(element.dataset.rate) || 0;
    const loaded = performance.now();
    setInterval(() => {
      element.textContent = shanghai(start + (performance.now() - loaded) * rate);
    }, 1000);
  }

  for (const input of document.querySelectorAll("[data-suggest]")) {
    const list = document.getElementById(input.getAttribute("list"));
    let asked = 0;
    let wait = 0;
    const suggest = async () => {
      const number = ++asked;
      const typed = input.value.trim();
      if (!typed) return list.replaceChildren();
      const answer = await fetch(`${input.dataset.suggest}?q=${encodeURIComponent(typed)}`);
      if (!answer.ok || number !== asked) return;
      const found = (await answer.json()).suggestions;
      list.replaceChildren(...found.map((title) => new Option(title, title)));
    };
    input.addEventListener("input", () => {
      clearTimeout(wait);
      wait = setTimeout(() => suggest().catch(() => list.replaceChildren()), 150);
    });
  }

  const auction = document.querySelector("[data-auction]");
  if (!auction) return;
  const part = (name) => auction.querySelector(`[data-part="${name}"]`);
  const words = auction.dataset;
  const rate = Number(words.rate) || 0;
  let ends = Date.parse(words.ends);
  let opens = Date.parse(words.opens);
  let server = Date.parse(words.now);
  let heard = performance.now();
  const turnEnds = Date.parse(words.turn);
  let known = { state: words.state, phase: words.phase, sequence: words.sequence };

  const yuan = (fen) =>
    "¥" + (fen / 100).toLocaleString("en-US", { minimumFractionDigits: fen % 100 ? 2 : 0 });
  const two = (number) => String(number).padStart(2, "0");

  const plain = (fen) => (fen / 100).toFixed(fen % 100 ? 2 : 0);

  // A clock: the price of this moment, a step nearer to the last one in every interval.
  const falling = (now) => {
    const [start, stop, step, interval] = ["clockStart", "clockStop", "clockStep", "clockInterval"].map(
      (name) => Number(words[name]),
    );
    const way = Math.sign(stop - start);
    const length = (Math.ceil(Math.abs(start - stop) / step) + 1) * interval * 1000;
    const steps = Math.floor(Math.max(0, now - (ends - length)) / (interval * 1000));
    const price = way * Math.min(way * (start + way * step * steps), way * stop);
    part("price").textContent = yuan(price);
    if (!part("take")) return;
    part("take").textContent = yuan(price);
    auction.querySelector("form[data-bid]").elements.amount.value = plain(price);
  };

  const show = () => {
    if (!part("left")) return;
    const now = server + (performance.now() - heard) * rate;
    if (words.clockStep && known.state === "open") falling(now);
    if (now > turnEnds + 1000) {
      location.reload();
      return;
    }
    const until = known.state === "scheduled" ? opens : ends;
    const left = Math.max(0, Math.ceil((until - now) / 1000));
    const days = Math.floor(left / 86400);
    const clock = [left / 3600 % 24, left / 60 % 60, left % 60].map((n) => two(Math.floor(n))).join(":");
    part("left").textContent = (days ? days + " " + words.days + " " : "") + clock;
    part("left").classList.toggle("soon", known.state === "open" && left < 300);
  };

  const tell = (fresh) => {
    // Events of the past come with the time of the past: only a later time is news.
    const said = Date.parse(fresh.server_time);
    if (said >= server) {
      server = said;
      heard = performance.now();
    }
    if (fresh.opens_at) opens = Date.parse(fresh.opens_at);
    ends = Date.parse(fresh.ends_at);
  };

  const price = (fresh) => {
    known.sequence = fresh.bid_count;
    if (fresh.price_fen !== null) part("price").textContent = yuan(fresh.price_fen);
    // Who leads by a secret maximum needs another amount than the others.
    const leads = words.mine && String(fresh.leading_number) === words.mine;
    if (fresh.min_next_fen === null || leads || !part("next")) return;
    part("next").textContent = yuan(fresh.min_next_fen);
    const form = auction.querySelector("form[data-bid]");
    const amount = form && form.elements.amount;
    if (!amount) return;
    const untouched = amount.value === amount.defaultValue && document.activeElement !== amount;
    if (untouched) amount.value = amount.defaultValue = plain(fresh.min_next_fen);
    part("news").textContent = words.news;
  };

  // Pauses, phases and the result change more of the page than a script should.
  const turned = (fresh) =>
    fresh.state !== known.state || (fresh.phase_name && fresh.phase_name !== known.phase);

  const take = (fresh) => {
    tell(fresh);
    if (turned(fresh)) return location.reload();
    if (String(fresh.bid_count) !== String(known.sequence)) {
      // A new bid: the server renders what it means for this reader.
      const form = auction.querySelector("form[data-bid]");
      const typing = form && form.contains(document.activeElement);
      if (!typing) return location.reload();
      price(fresh);
    }
    show();
  };

  const poll = async () => {
    let pause = document.hidden ? 5000 : 1000;
    try {
      const answer = await fetch(words.auction, { headers: { Accept: "application/json" } });
      if (answer.ok) take(await answer.json());
      else pause = 5000;
    } catch {
      pause = 5000;
    }
    setTimeout(poll, pause);
  };

  const rows = part("record");
  const record = (bid) => {
    const leads = bid.act === "bid" && bid.number !== null && bid.number === bid.leading_number;
    if (leads) {
      for (const old of rows.querySelectorAll("tr.lead")) {
        old.classList.remove("lead");
        old.lastElementChild.textContent = words.valid;
      }
    }
    const row = rows.insertRow(0);
    const mine = words.mine && String(bid.number) === words.mine;
    row.className = leads ? "lead" : "";
    const bidder = document.createElement("th");
    bidder.scope = "row";
    bidder.textContent = (bid.number ?? words.secret) + (mine ? " " + words.me : "");
    row.insertCell().textContent = bid.sequence;
    row.append(bidder);
    const amount = bid.amount_fen === null ? words.secret : yuan(bid.amount_fen);
    row.insertCell().textContent = bid.act === "bid" ? amount : words[bid.act];
    row.lastElementChild.className = "num";
    row.insertCell().textContent = bid.price_fen === null ? "—" : yuan(bid.price_fen);
    row.lastElementChild.className = "num";
    row.insertCell().textContent = shanghai(Date.parse(bid.received_at));
    row.insertCell().textContent = leads ? words.leads : words.valid;
    while (rows.rows.length > Number(words.shown)) rows.deleteRow(-1);
    part("table").hidden = false;
    if (part("none")) part("none").hidden = true;
    if (bid.leading_number === null) return;
    part("leader").textContent = words.bidder.replace("%d", bid.leading_number);
    if (String(bid.leading_number) === words.mine) part("leader").append(" · ", words.lead);
  };

  // A stream while the page is seen; browsers allow few of them at a time to one server.
  let last = words.after;
  let stream = null;
  let silence = 0;
  const close = () => {
    clearTimeout(silence);
    if (stream) stream.close();
    stream = null;
  };
  const fallBack = () => {
    close();
    document.removeEventListener("visibilitychange", follow);
    poll();
  };
  const follow = () => {
    close();
    if (document.hidden) return;
    stream = new EventSource(words.auction + "/events?after=" + last);
    // Something between here and the server may hold the stream back.
    silence = setTimeout(fallBack, 5000);
    const on = (name, react) =>
      stream.addEventListener(name, (event) => {
        clearTimeout(silence);
        if (event.lastEventId) last = event.lastEventId;
        const fresh = JSON.parse(event.data);
        tell(fresh);
        react(fresh);
        show();
      });
    on("state", (fresh) => {
      if (turned(fresh)) location.reload();
    });
    on("bid", (bid) => {
      if (bid.act === "confirm") return location.reload();
      price(bid);
      record(bid);
    });
    on("time", () => {});
    on("opened", () => location.reload());
    on("result", () => {
      close();
      location.reload();
    });
    stream.onerror = () => {
      if (stream && stream.readyState === EventSource.CLOSED) fallBack();
    };
  };
  if (["scheduled", "open", "paused", "opening"].includes(known.state)) {
    setInterval(show, 250);
    if (window.EventSource) {
      document.addEventListener("visibilitychange", follow);
      follow();
    } else {
      setTimeout(poll, 1000);
    }
  }
})();
