// Before the first paint, and with the address: its colours, else those that were chosen last.
(() => {
  const root = document.documentElement;
  const kept = () => {
    try {
      return localStorage.getItem('milepost-theme');
    } catch {
      return null; // storage is blocked: the browser's own preference holds
    }
  };
  const paint = () => {
    const theme = new URLSearchParams(location.search).get('theme') ?? kept();
    if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
    else delete root.dataset.theme;
  };
  paint();
  window.addEventListener('urlchange', paint);
})();
