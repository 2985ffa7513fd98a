// Two comforts for who lets scripts run; every page works without them.
(() => {
  // The time zone that the browser is in, where nothing was chosen yet.
  const zone = document.querySelector('select[data-guess]');
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && here) {
    if (![...zone.options].some((option) => option.value === here)) zone.add(new Option(here, here));
    zone.value = here;
  }

  // Recent entries that match what is being typed.
  const interests = document.querySelector('textarea[data-matching]');
  const matches = document.getElementById('matches');
  if (!interests || !matches) return;
  let waiting, asked;
  const look = async () => {
    const typed = interests.value.trim().slice(-600);
    if (typed === asked) return;
    asked = typed;
    if (typed.length < 3) return matches.replaceChildren();
    try {
      const answer = await fetch(interests.dataset.matching + '?q=' + encodeURIComponent(typed));
      if (answer.ok && typed === asked) matches.innerHTML = await answer.text();
    } catch {
      // The form does without.
    }
  };
  interests.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, 350);
  });
  look();
})();
