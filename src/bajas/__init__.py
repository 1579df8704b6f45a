"""bajas"""
