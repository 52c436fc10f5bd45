// What the board says: aloud to those who cannot see it, and on the page to everybody.

const REASONS = { silent: "The server does not answer.", busy: "The server has been asked too much and needs a pause." };

class Voice {
  constructor(root) {
    this.live = root.querySelector(".live");
    this.notice = root.querySelector(".notice");
    this.hintLine = root.querySelector(".hint");
    this.awayLine = root.querySelector(".away");
    this.filterLine = root.querySelector(".filter-error");
    this.loading = root.querySelector(".loading");
    [this.way, this.dismiss] = this.notice.querySelectorAll("button");
    this.dismiss.addEventListener("click", () => this.tell(""));
    this.awayLine.querySelector("button").addEventListener("click", () => this.onRetry?.());
  }

  say(text) {
    this.live.textContent = text;
  }

  // A refusal: stays until it is dismissed or another one comes. `way`: [label, act], a way out of it.
  tell(text, way) {
    this.notice.hidden = !text;
    this.notice.querySelector("p").textContent = text;
    this.way.hidden = !way;
    this.way.textContent = way?.[0] ?? "";
    this.way.onclick = () => way?.[1]();
  }

  // What was done, for a moment.
  hint(text) {
    clearTimeout(this.timer);
    this.hintLine.textContent = text;
    this.hintLine.hidden = !text;
    this.timer = setTimeout(() => (this.hintLine.hidden = true), 6000);
  }

  tellFilter(text) {
    this.filterLine.hidden = !text;
    this.filterLine.textContent = text;
  }

  tellAway(why, waiting, retry) {
    this.onRetry = retry;
    this.awayLine.hidden = !why;
    const kept = waiting ? ` ${counted(waiting, "change")} of yours ${waiting === 1 ? "is" : "are"} kept here and sent once it answers.` : "";
    this.awayLine.querySelector("p").textContent = why ? `${REASONS[why]}${kept}` : "";
  }

  tellLoading(yes) {
    this.loading.hidden = !yes;
  }
}
