"""What websites load: `milepost.js`, its readable source, and the route that serves it."""
