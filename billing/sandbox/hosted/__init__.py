"""The pages that a buyer sees at Stripe: checkout, the bank's question, portal, invoices."""
