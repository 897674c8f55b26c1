// Before the first paint: the colours and the language that were chosen last.
(() => {
  const asked = new URLSearchParams(location.search);
  const kept = (name) => {
    try {
      return localStorage.getItem(`milepost-${name}`);
    } catch {
      return null; // storage is blocked: the browser's own preference holds
    }
  };
  const theme = asked.get('theme') ?? kept('theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
})();
