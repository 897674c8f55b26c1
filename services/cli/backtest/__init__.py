"""`milepost journey backtest`: what another definition would have made of the past."""
